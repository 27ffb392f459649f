"""MOOTION_LOG_MESSAGES: off, no message is in the log; on, one line a call without what is marked."""

import io
import json
from typing import Any

import grpc
import pytest
from mootion.identity.v1 import identity_service_pb2
from mootion.identity.v1.identity_service_pb2_grpc import IdentityServiceStub

from mesh.testing import running
from services.identity.__main__ import build

PASSWORD, EMAIL = "correct horse battery", "ada@example.org"


async def logged(*, on: bool) -> list[dict[str, Any]]:
    log = io.StringIO()
    async with running(build, log=log, log_level="info", log_messages=on) as found:
        stub = IdentityServiceStub(found.runtime.channels.channel("identity"))
        request = identity_service_pb2.RegisterRequest(username="ada", password=PASSWORD, email=EMAIL)
        await stub.Register(request)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.Register(request)
    text = log.getvalue()
    assert PASSWORD not in text and EMAIL not in text
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if line["event"] == "messages" and line["method"].endswith("/Register")]


async def test_no_message_is_logged_unless_it_is_asked_for() -> None:
    assert await logged(on=False) == []


async def test_a_logged_message_has_everything_but_what_is_marked() -> None:
    first, refused = await logged(on=True)
    assert first["request"] == {"username": "ada", "password": "<redacted>", "email": "<redacted>"}
    assert first["reply"]["account"]["username"] == "ada"
    assert first["reply"]["account"]["email"] == "<redacted>"
    assert first["reply"]["tokens"]["access_token"] == "<redacted>"
    assert refused["reply"] is None
    assert first["request_id"] and first["trace_id"]
