"""Bodies in which a caller sets what only the server may set: every field of a reply that the request has not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mesh.policy import Method
from proofs.callers.doors import RestRequest

TEXT = "planted-by-the-caller"
NUMBER = 424242
# Set by the server in what it stores, whether or not a reply shows it.
_ALWAYS = {"ownerId": TEXT, "accountId": TEXT, "principalId": TEXT, "role": "ADMIN", "createTime": TEXT}
_KINDS: dict[int, Any] = {
    FieldDescriptor.CPPTYPE_STRING: TEXT,
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_INT32: NUMBER,
    FieldDescriptor.CPPTYPE_INT64: NUMBER,
    FieldDescriptor.CPPTYPE_DOUBLE: NUMBER,
}


@dataclass(frozen=True)
class Planted:
    """What came of a call: the status, and whether anything planted was told back."""

    status: int
    reason: str
    took: bool
    retry_after_seconds: float


def fields_of(method: Method) -> dict[str, Any]:
    """Names and values to plant into a request of a method, in the spelling of JSON."""
    own = {each.json_name for each in method.input.fields}
    found = dict(_ALWAYS)
    for each in _replied(method.output, depth=2):
        if each.cpp_type in _KINDS and not each.is_repeated:
            found[each.json_name] = _KINDS[each.cpp_type]
    return {name: value for name, value in found.items() if name not in own}


def _replied(descriptor: Descriptor, depth: int) -> Iterator[FieldDescriptor]:
    for each in descriptor.fields:
        yield each
        if depth and each.message_type is not None and each.message_type.full_name.startswith("mootion."):
            yield from _replied(each.message_type, depth - 1)


async def send(
    client: httpx2.AsyncClient, request: RestRequest, headers: dict[str, str], planted: dict[str, Any]
) -> Planted:
    """Sends a request with these fields beside its own: in the body where that is JSON, else in the query."""
    query: list[tuple[str, str | int | float | bool | None]] = [*request.query]
    body = None
    if request.is_json:
        body = {**request.body, **planted}
    else:
        query += [(name, str(value)) for name, value in planted.items()]
    sent = headers | ({"content-type": "application/json"} if request.is_json else {})
    content = json.dumps(body) if request.is_json else None
    reply = await client.request(request.verb, request.path, params=query, content=content, headers=sent)
    text = reply.text
    took = reply.status_code < 300 and (TEXT in text or str(NUMBER) in text)
    return Planted(reply.status_code, _reason(text), took, float(reply.headers.get("retry-after", 1)))


def _reason(text: str) -> str:
    try:
        details = json.loads(text).get("details", [])
    except (ValueError, AttributeError):
        return ""
    return next((str(each["reason"]) for each in details if "reason" in each), "")
