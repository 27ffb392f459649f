"""Calls by gRPC-web, from a client in JavaScript."""

import asyncio
import base64
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

from google.rpc import status_pb2

from mesh.status import CODES
from proofs.callers.doors import IMAGE
from proofs.callers.endings import Ending, of_status
from proofs.numbers import CannotRun
from proofs.wire.call import Heard, WireCall, same_bytes

CLIENT = Path(__file__).parents[2] / "tests" / "wire"
INSTALL_SECONDS = 180.0
_NUMBERS = {code.name: number for number, code in CODES.items()}
_MOST_LINE_BYTES = 1 << 26


class GrpcWeb:
    """The path of pages. Calls may overlap."""

    name = "grpc-web"

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str) -> "GrpcWeb":
        """Starts the client, which is installed first where it is not.

        Raises:
            CannotRun: there is no Node.js, or its packages cannot be had.
        """
        node = shutil.which("node") or shutil.which("nodejs")
        if node is None:
            raise CannotRun("there is no Node.js here: apt-get install nodejs npm")
        await _install()
        process = await asyncio.create_subprocess_exec(
            node,
            str(CLIENT / "client.mjs"),
            url,
            str(IMAGE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_MOST_LINE_BYTES,
        )
        return cls(process)

    async def close(self) -> None:
        """Ends the client."""
        self._process.kill()
        await self._process.wait()
        await self._reading

    async def call(self, call: WireCall) -> Heard | None:
        """See WirePath. A page cannot stream requests, nor compress them."""
        if call.method.client_streaming or call.compressed:
            return None
        number = next(self._ids)
        asked = {
            "id": number,
            "path": call.rpc_path,
            "request": base64.b64encode(call.request.SerializeToString()).decode(),
            "headers": dict(call.headers),
        }
        if call.seconds is not None:
            asked["timeoutMs"] = round(1000 * call.seconds)
        if call.cancel_after is not None:
            asked["cancelAfterMs"] = round(1000 * call.cancel_after)
        told = await self._answer(number, asked)
        return Heard(_ending(call, told), told["headers"], told.get("trailers", {}))

    async def _answer(self, number: int, asked: dict[str, Any]) -> dict[str, Any]:
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        await self._process.stdin.drain()
        return await waiting

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            self._waiting.pop(told["id"]).set_result(told)
        for waiting in self._waiting.values():
            waiting.set_exception(
                RuntimeError("the client in JavaScript ended; its words are on standard error")
            )


def _ending(call: WireCall, told: dict[str, Any]) -> Ending:
    replies = tuple(same_bytes(call.method, base64.b64decode(reply)) for reply in told["replies"])
    if not told["details"]:
        return Ending(told["code"], message=told["message"], replies=replies)
    status = status_pb2.Status(code=_NUMBERS[told["code"]], message=told["message"])
    for detail in told["details"]:
        status.details.add(
            type_url=f"type.googleapis.com/{detail['type']}", value=base64.b64decode(detail["value"])
        )
    return of_status(status, replies)


async def _install() -> None:
    """The packages of the lock file, unless they are there.

    Raises:
        CannotRun: npm is missing or cannot get them.
    """
    kept, wanted = CLIENT / "node_modules" / ".package-lock.json", CLIENT / "package-lock.json"
    if kept.exists() and kept.stat().st_mtime >= wanted.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise CannotRun("there is no npm here: apt-get install npm")
    process = await asyncio.create_subprocess_exec(
        npm,
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        cwd=CLIENT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), INSTALL_SECONDS)
    except TimeoutError:
        process.kill()
        raise CannotRun(f"npm ci did not end within {INSTALL_SECONDS:g} s") from None
    if process.returncode:
        words = said.decode(errors="replace").strip().splitlines()
        raise CannotRun(f"npm ci in {CLIENT.name} failed: {words[-1] if words else 'it said nothing'}")
