"""An HTTP application of a service has the same principal, the same errors and the same end as gRPC."""

import asyncio
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from mesh import context
from mesh.errors import not_found
from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import Running, running
from tests.contract.runtime.toy import CANARY, Toy, parts

LATE_SECONDS = 60.0


def application(runtime: Runtime) -> Starlette:
    async def whoami(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{context.principal_id()} {context.workload()}")

    async def missing(request: Request) -> PlainTextResponse:
        raise not_found("video", "v1")

    async def boom(request: Request) -> PlainTextResponse:
        raise ValueError(CANARY)

    async def relay(request: Request) -> PlainTextResponse:
        stub: rpc.ToyServiceAsyncStub = runtime.channels.stub(rpc.ToyServiceStub, "toy")
        return PlainTextResponse((await stub.Echo(toy.EchoRequest(text="hi"))).text)

    async def slow(request: Request) -> PlainTextResponse:
        await asyncio.sleep(LATE_SECONDS)
        return PlainTextResponse("late")

    async def broken(request: Request) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"half"
            raise ValueError(CANARY)

        return StreamingResponse(chunks(), headers={"content-length": "8"})

    pages = {
        "/whoami": whoami,
        "/missing": missing,
        "/boom": boom,
        "/relay": relay,
        "/slow": slow,
        "/broken": broken,
    }
    return Starlette(routes=[Route(path, page) for path, page in pages.items()])


def build(runtime: Runtime) -> Parts:
    return Parts("toy", parts(Toy(runtime)).servicers, http=application(runtime))


@asynccontextmanager
async def served(**overrides: Any) -> AsyncIterator[Running]:
    async with running(build, **overrides) as found:
        yield found


async def get(found: Running, path: str, **headers: str) -> tuple[int, bytes]:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    request = urllib.request.Request(
        f"http://127.0.0.1:{found.runtime.settings.media_port}{path}", headers=named
    )
    return await asyncio.to_thread(_answer, request)


def _answer(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


async def test_the_application_knows_who_calls() -> None:
    async with served() as found:
        said = {"mootion-caller": "edge", "mootion-principal": "ada", "mootion-role": "STUDENT"}
        signature = found.runtime.signer.sign("/whoami", said)
        headers = {name.replace("-", "_"): value for name, value in said.items()}
        assert await get(found, "/whoami", **headers, mootion_signature=signature) == (200, b"ada media")
        assert await get(found, "/whoami") == (200, b"local media")
        assert (await get(found, "/whoami", **headers))[0] == 401


async def test_without_the_local_principal_only_somebody_may_ask() -> None:
    async with served(local_principal=False) as found:
        assert (await get(found, "/whoami"))[0] == 401
        assert (await get(found, "/whoami", mootion_caller="edge"))[0] == 401


async def test_an_identity_that_is_given_twice_is_refused() -> None:
    async with served() as found:
        assert await asyncio.to_thread(_twice, found.runtime.settings.media_port, "x-api-key") == 401
        assert await asyncio.to_thread(_twice, found.runtime.settings.media_port, "accept") == 200


def _twice(port: int, name: str) -> int:
    """The status of a request that has a header twice, each time with nothing in it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("GET", "/whoami")
    for _ in range(2):
        connection.putheader(name, "")
    connection.endheaders()
    return connection.getresponse().status


async def test_headers_as_long_as_the_edge_lets_through_are_taken_in_pieces_too() -> None:
    async with served() as found:
        assert await asyncio.to_thread(_in_pieces, found.runtime.settings.media_port) == 200


def _in_pieces(port: int) -> int:
    """The status of a request with 30 KiB of headers that come in three pieces."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    connection.sock.sendall(b"GET /whoami HTTP/1.1\r\nhost: localhost\r\nx-note: ")
    for _ in range(2):
        connection.sock.sendall(b"n" * 15_360)
        time.sleep(0.1)
    connection.sock.sendall(b"\r\n\r\n")
    answer = http.client.HTTPResponse(connection.sock)
    answer.begin()
    return answer.status


async def test_an_error_is_a_status_in_json() -> None:
    async with served() as found:
        code, body = await get(found, "/missing")
    status = json.loads(body)
    assert code == 404
    assert status["code"] == 5
    assert status["details"][0]["reason"] == "NOT_FOUND"


async def test_the_text_of_an_exception_stays_inside(capsys: pytest.CaptureFixture[str]) -> None:
    async with served() as found:
        code, body = await get(found, "/boom")
    assert code == 500
    assert json.loads(body)["details"][0]["reason"] == "INTERNAL"
    assert CANARY not in body.decode() + capsys.readouterr().err


async def test_a_body_that_broke_off_is_not_taken_for_whole() -> None:
    async with served() as found:
        with pytest.raises(Exception, match=r"IncompleteRead|Remote end closed"):
            await get(found, "/broken")


async def test_a_request_that_outlasts_the_grace_does_not_hold_the_server_up() -> None:
    async with served(drain_grace_seconds=0.1) as found:
        reading = asyncio.ensure_future(get(found, "/slow"))
        await asyncio.sleep(0.2)
        ending = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - ending < LATE_SECONDS / 4
    await asyncio.gather(reading, return_exceptions=True)


async def test_calls_of_the_application_are_made_as_media() -> None:
    async with served() as found:
        code, body = await get(found, "/relay")
    assert code == 403
    assert json.loads(body)["details"][0]["reason"] == "CALLER_NOT_ALLOWED"
