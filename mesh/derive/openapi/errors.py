"""How REST callers see errors: HTTP statuses, reasons, and the body they share."""

import re
from collections.abc import Iterable, Iterator

import grpc
from mootion.errors.v1 import reason_pb2

from mesh.derive.contracts import Contracts, Method
from mesh.derive.openapi.constraints import Schema

# As the transcoder maps them; see google.rpc.Code.
HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
    grpc.StatusCode.UNAUTHENTICATED: 401,
}
_ANY_TIME = ("INTERNAL", "DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED")
_PREFIX = "REASON_"
_REQUEST_ID = "0d8f1c1e-6a52-4b1c-9d9e-6f3f6f0c2a11"
_NUMBERS = {code: code.value[0] for code in HTTP_STATUS}

STATUS_SCHEMA: Schema = {
    "type": "object",
    "description": "`google.rpc.Status`: how a call failed.",
    "required": ["code", "message", "details"],
    "properties": {
        "code": {"type": "integer", "description": "A number of `google.rpc.Code`."},
        "message": {"type": "string", "description": "What went wrong and what to do, for a person."},
        "details": {
            "type": "array",
            "description": "`google.rpc.ErrorInfo` with the reason always comes first; `BadRequest` names each field "
            "that breaks a rule; `RetryInfo` says when to try again; `RequestInfo` holds the request id.",
            "items": {
                "type": "object",
                "required": ["@type"],
                "properties": {
                    "@type": {"type": "string"},
                    "reason": {"type": "string", "description": "Of ErrorInfo: a name of `Reason`."},
                    "domain": {"type": "string", "description": "Of ErrorInfo: `mootion`."},
                    "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "additionalProperties": True,
            },
        },
    },
}


def responses(contracts: Contracts, method: Method) -> dict[str, Schema]:
    """Error responses by HTTP status: what holds for every call, what the comment names, and a default for the rest."""
    by_status: dict[int, list[str]] = {}
    for reason in _reasons(contracts, method):
        code = _code_of(contracts, reason)
        if code is not None:
            by_status.setdefault(_status_of(reason, code), []).append(reason)
    found = {str(status): _response(contracts, by_status[status]) for status in sorted(by_status)}
    return found | {"default": {"$ref": "#/components/responses/Error"}}


def default_response(contracts: Contracts) -> Schema:
    """What can happen to any call."""
    response = _response(contracts, _ANY_TIME)
    return response | {"description": f"Any other error, such as\n\n{response['description']}"}


def reason_schema(contracts: Contracts) -> Schema:
    """The enum of reasons as callers see it, without the prefix."""
    names = [name.removeprefix(_PREFIX) for name in reason_pb2.Reason.keys()[1:]]
    lines = [f"- `{name}`: {_comment(contracts, name)}" for name in names]
    return {
        "type": "string",
        "description": "\n".join(["Why a call failed, or a document or video is FAILED.", "", *lines]),
        "enum": names,
    }


def _reasons(contracts: Contracts, method: Method) -> Iterator[str]:
    yield "INVALID_FIELD"
    if method.takes_bytes:
        yield "UPLOAD_TOO_LARGE"
    elif any(rule.body for rule in method.http):
        yield "REQUEST_TOO_LARGE"
    if method.policy is not None and method.policy.limits:
        yield "RATE_LIMITED"
    if "request_id" in method.input.fields_by_name:
        yield "REQUEST_ID_REUSED"
    if "page_token" in method.input.fields_by_name:
        yield "INVALID_PAGE_TOKEN"
    if any("{" in rule.path for rule in method.http):
        yield "NOT_FOUND"
    known = set(reason_pb2.Reason.keys())
    named = re.findall(r"\b[A-Z][A-Z_]+\b", method.comment)
    yield from (name for name in named if _PREFIX + name in known)


def _status_of(reason: str, code: grpc.StatusCode) -> int:
    """What the edge refuses for its size is 413, whatever the code."""
    return 413 if reason in ("REQUEST_TOO_LARGE", "UPLOAD_TOO_LARGE") else HTTP_STATUS[code]


def _code_of(contracts: Contracts, reason: str) -> grpc.StatusCode | None:
    """The code that the reason's comment begins with."""
    first = _comment(contracts, reason).split(":")[0].split(",")[0]
    return grpc.StatusCode.__members__.get(first)


def _comment(contracts: Contracts, reason: str) -> str:
    return contracts.comments.get(f"mootion.errors.v1.Reason.{_PREFIX}{reason}", "")


def _response(contracts: Contracts, reasons: Iterable[str]) -> Schema:
    names = list(dict.fromkeys(reasons))
    lines = [f"- `{name}`: {_comment(contracts, name).partition(': ')[2]}" for name in names]
    return {"description": "\n".join(lines), "content": _content(_examples(contracts, names))}


def _examples(contracts: Contracts, names: Iterable[str]) -> list[Schema]:
    found: list[Schema] = []
    for name in names:
        code = _code_of(contracts, name)
        if code is not None:
            sentence = _comment(contracts, name).partition(": ")[2]
            info = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": name,
                "domain": "mootion",
                "metadata": {"request_id": _REQUEST_ID},
            }
            request = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": _REQUEST_ID}
            message = f"{sentence[:1].upper()}{sentence[1:]}"
            found.append({"code": _NUMBERS[code], "message": message, "details": [info, request]})
    return found


def _content(examples: list[Schema]) -> Schema:
    media: Schema = {"schema": {"$ref": "#/components/schemas/Status"}}
    if examples:
        media["example"] = examples[0]
    return {"application/json": media}
