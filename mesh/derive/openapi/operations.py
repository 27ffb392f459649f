"""Operations: for each REST path of a method its parameters, body and replies."""

import re
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from mootion.policy.v1 import policy_pb2

from mesh.derive.contracts import Contracts, HttpRule, Method
from mesh.derive.openapi import errors
from mesh.derive.openapi.constraints import Schema, is_required, rules_of
from mesh.derive.openapi.schemas import Schemas
from mesh.derive.paths import PathTemplate

_BYTES: Schema = {"type": "string", "format": "binary"}
# Of two media types that fit, the one that says more holds.
_ANY_FILE: Schema = {
    "*/*": {"schema": _BYTES},
    "application/json": {"schema": {"description": "Where the file itself is JSON."}},
}
_MEDIA_TYPE = re.compile(r"`(\w+/[\w.+-]+)`")


class Operations:
    """Writes operations and gathers the schemas they refer to."""

    def __init__(self, contracts: Contracts, schemas: Schemas, names: dict[str, str]) -> None:
        self._contracts = contracts
        self._schemas = schemas
        self._names = names

    def of(self, method: Method, rule: HttpRule) -> Schema:
        """One operation."""
        template = PathTemplate.parse(rule.path)
        operation: Schema = {
            "operationId": self._names[method.full_name],
            "tags": [method.domain],
            "summary": _first_sentence(method.comment),
            "description": "\n\n".join([method.comment, _terms(method)]),
        }
        parameters = [*self._path(method, template), *self._query(method, rule, template)]
        if _is_ranged(method):
            parameters.append(_RANGE)
        if parameters:
            operation["parameters"] = parameters
        if rule.body:
            operation["requestBody"] = self._body(method, rule, template)
        operation["responses"] = {**self._replies(method, rule), **errors.responses(self._contracts, method)}
        return operation

    def _path(self, method: Method, template: PathTemplate) -> Iterator[Schema]:
        for name in template.variables:
            schema = self._schemas.of_field(method.input.fields_by_name[name])
            yield _parameter(_camel(name), "path", schema, required=True)

    def _query(self, method: Method, rule: HttpRule, template: PathTemplate) -> Iterator[Schema]:
        if rule.body == "*":
            return
        for field in method.input.fields:
            if field.name not in template.variables and field.name != rule.body:
                yield from self._query_field(field)

    def _query_field(self, field: FieldDescriptor) -> Iterator[Schema]:
        schema = self._schemas.of_field(field)
        if schema.get("format") == "int64":
            schema = {"type": "integer", "format": "int64", "description": schema.get("description", "")}
            schema |= _whole_numbers(field)
        yield _parameter(field.json_name, "query", schema, required=is_required(field))

    def _body(self, method: Method, rule: HttpRule, template: PathTemplate) -> Schema:
        if method.takes_bytes:
            size = f"Raw bytes, up to {method.max_request_bytes:,}."
            return {
                "required": True,
                "description": size,
                "content": {"application/octet-stream": {"schema": _BYTES}},
            }
        bound = set(template.variables)
        if rule.body == "*" and bound:
            fields = [field for field in method.input.fields if field.name not in bound]
            schema = self._schemas.of_message(method.input, fields)
        else:
            schema = self._schemas.reference(_body_type(method.input, rule.body))
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    def _replies(self, method: Method, rule: HttpRule) -> dict[str, Schema]:
        comment = self._contracts.comments.get(method.output.full_name, "")
        if not method.sends_bytes:
            kind = "text/event-stream" if method.descriptor.server_streaming else "application/json"
            schema = self._schemas.reference(_body_type(method.output, rule.response_body or "*"))
            if method.descriptor.server_streaming:
                comment = f"{comment} The data of each event is one such object; the stream ends with its final state."
            return {"200": {"description": comment, "content": {kind: {"schema": schema}}}}
        field = method.output.fields_by_name[rule.response_body]
        named = _MEDIA_TYPE.search(self._contracts.comments.get(field.full_name, ""))
        content = {named[1]: {"schema": _BYTES}} if named else _ANY_FILE
        replies: dict[str, Schema] = {"200": {"description": comment, "content": content}}
        if _is_ranged(method):
            replies["206"] = {"description": "The range asked for.", "content": content}
            outside = errors.default_response(self._contracts)["content"]
            replies["416"] = {"description": "The range lies outside of the file.", "content": outside}
        return replies


_RANGE: Schema = {
    "name": "Range",
    "in": "header",
    "description": "Bytes to send, such as `bytes=0-1023`.",
    "schema": {"type": "string", "pattern": r"^bytes=[0-9]+-[0-9]*$"},
}


def _is_ranged(method: Method) -> bool:
    return method.sends_bytes and method.descriptor.server_streaming


def _parameter(name: str, place: str, schema: Schema, *, required: bool) -> Schema:
    description = schema.pop("description", "")
    parameter: Schema = {"name": name, "in": place, "required": required, "schema": schema}
    return parameter | ({"description": description} if description else {})


def _whole_numbers(field: FieldDescriptor) -> Schema:
    rules = rules_of(field).int64
    names = {"gte": "minimum", "lte": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    return {names[rule.name]: value for rule, value in rules.ListFields() if rule.name in names}


def _body_type(message: Descriptor, name: str) -> Descriptor:
    part = None if name == "*" else message.fields_by_name[name].message_type
    return part or message


def _first_sentence(comment: str) -> str:
    return re.split(r"(?<=[.:]) ", comment, maxsplit=1)[0].rstrip(".:")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _terms(method: Method) -> str:
    """Who may call, for how long and how often."""
    policy = method.policy or policy_pb2.MethodPolicy()
    role = policy_pb2.AccessRole.Name(policy.least_role).removeprefix("ACCESS_ROLE_").lower()
    lines = [f"Least role: {role}.", f"Deadline: {method.deadline_seconds:g} s."]
    for limit in policy.limits:
        scope = policy_pb2.LimitScope.Name(limit.scope).removeprefix("LIMIT_SCOPE_").lower()
        lines.append(f"At most {limit.requests} in {limit.window.seconds} s for each {scope}.")
    return " ".join(lines)
