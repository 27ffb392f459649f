"""The OpenAPI document as a whole."""

import re
from collections import Counter

from mesh.derive.contracts import Contracts
from mesh.derive.openapi import errors
from mesh.derive.openapi.constraints import Schema
from mesh.derive.openapi.operations import Operations
from mesh.derive.openapi.schemas import Schemas

_DESCRIPTION = """\
Study material goes in; a concept map, quizzes, cited answers, search and narrated lesson videos come out.

- Fields are written in lowerCamelCase; `snake_case`, as in the contracts, is accepted too. Unknown fields of a body are
  ignored; unknown query parameters are refused.
- Text holds no U+0000. 64-bit integers are strings, times are RFC 3339, durations are seconds such as `75s`.
- Long work is a thing with a `state`: read it, watch it as `text/event-stream`, or cancel it. A watch is resumed with
  `afterSequence`. A stream that ends before a final state was cut: watch again.
- Every error is a `google.rpc.Status` whose first detail names the reason. The header `x-request-id` finds the call in
  the logs.
- The same calls work by gRPC and by gRPC-web at the same address.
"""
_HEALTH: Schema = {
    "get": {
        "operationId": "health",
        "tags": ["edge"],
        "summary": "Whether every service answers",
        "description": "200 while every service has an instance that answers.",
        "responses": {
            "200": {
                "description": "Every service answers.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["status"],
                            "properties": {"status": {"type": "string", "const": "SERVING"}},
                        }
                    }
                },
            },
            "default": {"$ref": "#/components/responses/Error"},
        },
    }
}


def document(contracts: Contracts) -> Schema:
    """Paths by service in the order of the contract, schemas by name."""
    schemas = Schemas(contracts)
    operations = Operations(contracts, schemas, _operation_ids(contracts))
    paths: dict[str, Schema] = {}
    for method in sorted(contracts.edge_methods, key=lambda one: (one.service, one.descriptor.index)):
        for rule in method.http:
            path = _expanded(rule.path)
            paths.setdefault(path, {})[rule.verb.lower()] = operations.of(method, rule)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mootion",
            "version": "v1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": _tags(contracts),
        "paths": {**paths, "/healthz": _HEALTH},
        "components": {
            "responses": {"Error": errors.default_response(contracts)},
            "schemas": {
                **schemas.components,
                "Reason": errors.reason_schema(contracts),
                "Status": errors.STATUS_SCHEMA,
            },
        },
    }


def _expanded(path: str) -> str:
    """`{document_id=*}` as `{documentId}`, because two patterns of one shape would be one path."""
    return re.sub(r"\{([^}=]+)(?:=[^}]+)?\}", lambda match: "{" + _camel(match[1]) + "}", path)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _operation_ids(contracts: Contracts) -> dict[str, str]:
    """The method's name, with its domain before it where two domains use it."""
    counts = Counter(method.descriptor.name for method in contracts.edge_methods)
    return {
        method.full_name: _lower(
            method.descriptor.name
            if counts[method.descriptor.name] == 1
            else method.domain.capitalize() + method.descriptor.name
        )
        for method in contracts.edge_methods
    }


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _tags(contracts: Contracts) -> list[Schema]:
    services = {method.domain: method.service for method in contracts.edge_methods}
    found: list[Schema] = [
        {"name": domain, "description": contracts.comments.get(service, "")}
        for domain, service in sorted(services.items())
    ]
    return [*found, {"name": "edge", "description": "The edge itself."}]
