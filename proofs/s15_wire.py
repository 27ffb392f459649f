"""A call ends the same by native gRPC, by gRPC-web from JavaScript and by REST: code, details, replies, headers."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from google.protobuf import json_format, message_factory
from mootion.quiz.v1 import quiz_service_pb2

from mesh.derive.openapi.errors import HTTP_STATUS
from mesh.ids import Ids
from mesh.policy import Method
from proofs import systems
from proofs.callers.doors import methods
from proofs.callers.endings import NotAStatus
from proofs.callers.hops import Hops, chained
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from proofs.wire.call import Heard, WireCall, WirePath
from proofs.wire.cases import GOOD, Case
from proofs.wire.grpc_web import GrpcWeb
from proofs.wire.native_grpc import NativeGrpc
from proofs.wire.refusals import REFUSALS
from proofs.wire.rest import Rest
from proofs.wire.visitors import Visitors
from tests.stopwatch import Stopwatch

DEADLINE_SECONDS = 0.3
CANCEL_SECONDS = 0.5
STOP_SECONDS = 1.0
_TRIES = 5
HOPS = ("quiz", "llm", "search")
REQUEST_ID = "x-request-id"


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Every case of the table on every path that can make it, then calls that end by time and by their callers."""
    numbers = Numbers(0)
    await _table(numbers, ground)
    await _ended_early(numbers, ground)
    return numbers


@asynccontextmanager
async def _paths(edge_port: int) -> AsyncIterator[Sequence[WirePath]]:
    url = f"http://localhost:{edge_port}"
    async with AsyncExitStack() as stack:
        paths = (NativeGrpc(f"localhost:{edge_port}"), await GrpcWeb.open(url), Rest(url))
        for path in paths:
            stack.push_async_callback(path.close)
        yield paths


async def _table(numbers: Numbers, ground: Ground) -> None:
    settings: dict[str, Any] = {"local_principal": "off", "render_workers": 0, "principal_limit": 0}
    # Limits by address are another proof's; each call comes from an address of its own.
    settings |= {"address_limit": 0, "trusted_proxies": 1}
    system = await asyncio.to_thread(systems.start, ground, **settings)
    try:
        async with _paths(system.edge_port) as paths:
            visitors = await Visitors.of(system)
            table = Table(numbers, paths, visitors)
            for case in (*GOOD, *REFUSALS):
                await table.judge(case)
            numbers.measured(cases=len(GOOD) + len(REFUSALS), calls=dict(table.calls))
    finally:
        await asyncio.to_thread(system.stop)


def _by_name() -> dict[str, Method]:
    return {f"{method.service}.{method.full_name.rpartition('.')[2]}": method for method in methods()}


@dataclass
class Table:
    """Judges one case after the other."""

    numbers: Numbers
    paths: Sequence[WirePath]
    visitors: Visitors
    methods: dict[str, Method] = field(default_factory=_by_name)
    calls: dict[str, int] = field(default_factory=dict)
    _addresses: Iterator[int] = field(default_factory=itertools.count)

    async def judge(self, case: Case) -> None:
        """Makes the call on each path and compares what was heard."""
        heard: dict[str, Heard] = {}
        for path in self.paths:
            try:
                found = await path.call(self._call(case))
            except NotAStatus as reason:
                self._check(False, case, path.name, str(reason))
                continue
            if found is not None:
                heard[path.name] = found
                self.calls[path.name] = self.calls.get(path.name, 0) + 1
                self.numbers.n += 1
                self._judge_one(case, path.name, found)
        self._judge_together(case, heard)

    def _call(self, case: Case) -> WireCall:
        method = self.methods[case.method]
        request = message_factory.GetMessageClass(method.input)()
        json_format.ParseDict(self.visitors.filled(case.request), request)
        number = next(self._addresses)
        headers = {
            **self.visitors.shown(case.who),
            **self.visitors.filled(dict(case.headers)),
            "x-forwarded-for": f"10.0.{number >> 8}.{number & 255}",
        }
        return WireCall(method, request, headers, case.path, case.seconds, compressed=case.compressed)

    def _judge_one(self, case: Case, path: str, heard: Heard) -> None:
        ending = heard.ending
        told = str(replace(ending, replies=()))
        self._check(
            told == case.ending, case, path, f"{told or 'nothing'}, not {case.ending}: {ending.message[:200]}"
        )
        if heard.http_status:
            expected = 200 if ending.code == "OK" else case.http or HTTP_STATUS[grpc.StatusCode[ending.code]]
            self._check(heard.http_status == expected, case, path, f"{heard.http_status}, not {expected}")
        said = heard.headers.get(REQUEST_ID) or heard.trailers.get(REQUEST_ID, "")
        self._check(bool(said), case, path, f"no {REQUEST_ID}")
        if ending.request_id:
            self._check(said == ending.request_id, case, path, f"{REQUEST_ID} {said} for {ending.request_id}")

    def _judge_together(self, case: Case, heard: dict[str, Heard]) -> None:
        for (one, first), (other, second) in itertools.pairwise(heard.items()):
            pair = f"{one} and {other}"
            if not case.differs:
                same = first.ending.replies == second.ending.replies
                self._check(same, case, pair, f"other replies: {first.ending} and {second.ending}")
            if not case.own_words:
                words = (first.ending.message, second.ending.message)
                self._check(words[0] == words[1], case, pair, f"other words: {words}")
            told = (first.headers.get(REQUEST_ID), second.headers.get(REQUEST_ID))
            self._check(told[0] != told[1] or told[0] is None, case, pair, f"the same {REQUEST_ID}")

    def _check(self, holds: bool, case: Case, path: str, otherwise: str) -> None:
        self.numbers.check(holds, f"{case.name} ({case.method}) by {path}: {otherwise}")


async def _ended_early(numbers: Numbers, ground: Ground) -> None:
    """A slow call over four hops: its time is over, or its caller is gone, on each path; every hop stops."""
    hops = Hops()
    async with chained(ground, hops) as settings, _paths(settings.edge_port) as paths:
        await _warm(paths[0], hops)
        for path in paths:
            late = await _ended(numbers, path, hops, "DEADLINE_EXCEEDED", seconds=DEADLINE_SECONDS)
            gone = await _ended(numbers, path, hops, "CANCELLED", cancel_after=CANCEL_SECONDS)
            numbers.measured(**{f"{path.name}: stopped after s": [round(late, 3), round(gone, 3)]})
    numbers.check(not hops.engine_calls, f"{len(hops.engine_calls)} engine calls after the end of their call")


def _slow_call(**how: Any) -> WireCall:
    method = _by_name()["quiz.GenerateQuiz"]
    return WireCall(method, quiz_service_pb2.GenerateQuizRequest(document_id=Ids().new()), **how)


async def _warm(path: WirePath, hops: Hops) -> None:
    """Opens every connection on the way."""
    for _ in range(20):
        await path.call(_slow_call(seconds=1.0))
        if set(HOPS) <= hops.remaining.keys():
            return
    raise RuntimeError(f"calls reach only {sorted(hops.remaining)}")


async def _ended(numbers: Numbers, path: WirePath, hops: Hops, code: str, **how: float) -> float:
    """Makes the call; gives how many seconds after its end the last hop stopped."""
    numbers.n += 1
    for _ in range(_TRIES):
        hops.remaining.clear()
        hops.stopped.clear()
        heard = await path.call(_slow_call(**how))
        over = time.monotonic()
        # On a machine that stands still the time may be over before the call has come anywhere.
        if "quiz" in hops.remaining:
            break
    assert heard is not None
    numbers.check(heard.ending.code == code, f"{code} by {path.name}: {heard.ending}")
    if code == "DEADLINE_EXCEEDED" and heard.http_status:
        numbers.check(heard.http_status == 504, f"{code} by {path.name}: {heard.http_status}")
    with Stopwatch() as watch:
        while hops.stopped.keys() < hops.remaining.keys() and watch.seconds < STOP_SECONDS:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    running = hops.remaining.keys() - hops.stopped.keys()
    numbers.check(not running, f"{code} by {path.name}: went on: {sorted(running)}")
    numbers.check("quiz" in hops.remaining, f"{code} by {path.name}: the call did not arrive")
    return max((at - over for at in hops.stopped.values()), default=0.0)
