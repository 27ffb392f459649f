"""Deep, wide, large, packed or endless requests are refused with 4xx and take at most 20 times their size of memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial

import grpc
from google.api import httpbody_pb2
from mootion.answer.v1 import answer_service_pb2
from mootion.answer.v1.answer_service_pb2_grpc import AnswerServiceStub
from mootion.document.v1 import document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub

from proofs import systems
from proofs.attacks.swollen_requests import JSON_PATHS, MEBIBYTE, READ_PATH, Attack, attacks
from proofs.callers.flood import Answer, Call, at_once, summed
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from proofs.watching.weighing import weighed
from tests.e2e.system import LocalSystem

MOST_TIMES = 20
# Less than this is what the processes do anyway.
NOISE_BYTES = 24 * MEBIBYTE
GRPC_REFUSALS = frozenset({grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED})
_CHUNK = b"a" * 65_536
_ENDLESS_SECONDS = 60.0
# What gRPC's library says when a message of a stream was on its way as the refusal came: then it lost the refusal.
_REFUSAL_LOST = "Internal error from Core"
_TRIES = 5
Endless = Callable[[], Awaitable[tuple[str, int]]]


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Through the edge of a whole system, kind after kind; afterwards it answers as before."""
    start = partial(systems.start, ground, render_workers=0, document_workers=0)
    system = await asyncio.to_thread(start)
    try:
        numbers = Numbers(0)
        proof = _Proof(numbers, system)
        await proof.warm()
        for attack in attacks(size.of(short=4, long=32)):
            await proof.refused(attack)
        for name, endless in _endless(system, size):
            await proof.ended(name, endless)
        answers = await at_once(system.edge_port, [Call("GET", READ_PATH, {})])
        numbers.check(answers[0].status == 200, f"afterwards: {summed(answers)}")
        numbers.measured(kinds=proof.kinds, most_memory_mib=proof.most / MEBIBYTE)
        numbers.measured(noise_mib=NOISE_BYTES // MEBIBYTE, most_times_their_size=proof.times)
        return numbers
    finally:
        await asyncio.to_thread(system.stop)


class _Proof:
    def __init__(self, numbers: Numbers, system: LocalSystem) -> None:
        self.numbers, self.system = numbers, system
        self.kinds = 0
        self.most = 0
        self.times = 0.0

    async def warm(self) -> None:
        """What is loaded at the first call of its kind is not the request's."""
        calls = [Call("POST", path, {}, b'{"question":"What is a wave?"}') for path in JSON_PATHS]
        await at_once(self.system.edge_port, [*calls, Call("GET", READ_PATH, {})] * 8)

    async def refused(self, attack: Attack) -> None:
        with weighed(self.system.process.pid) as weight:
            answers = await at_once(self.system.edge_port, attack.calls)
        self.numbers.n += len(answers)
        wrong = [answer for answer in answers if not _is_clean(answer, attack.statuses)]
        self.numbers.check(not wrong, f"{attack.name}: {dict(summed(wrong))} {wrong[:1]}"[:600])
        self._weigh(attack.name, attack.sent_bytes, weight.grown)

    async def ended(self, name: str, endless: Endless) -> None:
        """A request that goes on until it is refused."""
        began = time.monotonic()
        with weighed(self.system.process.pid) as weight:
            try:
                async with asyncio.timeout(_ENDLESS_SECONDS):
                    wrong, sent = await endless()
            except TimeoutError:
                wrong, sent = "it was never refused", 0
        self.numbers.n += 1
        self.numbers.check(not wrong, f"{name}: {wrong} after {time.monotonic() - began:.1f} s")
        self._weigh(name, sent, weight.grown)

    def _weigh(self, name: str, sent: int, grown: int) -> None:
        self.kinds += 1
        self.most = max(self.most, grown)
        if grown > NOISE_BYTES:
            self.times = max(self.times, grown / max(1, sent))
        holds = grown <= max(NOISE_BYTES, MOST_TIMES * sent)
        self.numbers.check(holds, f"{name}: {sent} bytes took {grown / MEBIBYTE:.0f} MiB")


def _is_clean(answer: Answer, statuses: frozenset[int]) -> bool:
    """A refusal with a reason; gRPC-web tells it in headers."""
    if answer.status not in statuses:
        return False
    if answer.status == 200:
        return answer.headers.get("grpc-status") not in (None, "0", "2", "13")
    ending = answer.ending
    return bool(ending.reason) and ending.code not in ("UNKNOWN", "INTERNAL")


def _endless(system: LocalSystem, size: Size) -> Iterator[tuple[str, Endless]]:
    port = system.edge_port
    yield "an endless body", lambda: _chunks(port, JSON_PATHS[0], {413})
    yield "an endless upload", lambda: _chunks(port, "/v1/documents:upload?filename=a.pdf", {400, 413, 429})
    yield "an endless stream of messages", lambda: _messages(port)
    yield "a packed message", lambda: _packed_message(port)
    # Envoy has no answer of its own by HTTP/2 here: it resets the stream, which libraries of gRPC call INTERNAL.
    yield "metadata of 60 KiB by gRPC", lambda: _metadata(port, 60_000, grpc.StatusCode.INTERNAL)
    service_port = int(system.environment["MOOTION_GRPC_PORT"])
    yield "metadata of 200 KiB at the service port", lambda: _metadata(service_port, 200_000)
    if size is Size.LONG:
        yield "a body a byte at a time", lambda: _chunks(port, "/v1/documents/d1:cancel", {408}, b"{", 0.2)
        yield "headers a byte at a time", lambda: _slow_headers(port)


async def _chunks(
    port: int, path: str, statuses: set[int], chunk: bytes = _CHUNK, pause_seconds: float = 0.0
) -> tuple[str, int]:
    """Sends chunks of a body until there is an answer; what is wrong with that, and the bytes that went out."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = asyncio.create_task(reader.readline())
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    sent = 0
    try:
        writer.write(head.encode())
        while not answered.done():
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            sent += len(chunk)
            await writer.drain()
            await asyncio.sleep(pause_seconds)
    except ConnectionError:
        pass
    finally:
        writer.close()
    return _unless(await answered, statuses), sent


async def _slow_headers(port: int) -> tuple[str, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = asyncio.create_task(reader.readline())
    writer.write(b"GET /v1/documents HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
    sent = 0
    try:
        while not answered.done():
            writer.write(b"a")
            sent += 1
            await asyncio.sleep(0.1)
    finally:
        writer.close()
    return _unless(await answered, {408}), sent


def _unless(line: bytes, statuses: set[int]) -> str:
    told = line.split()
    return "" if len(told) > 1 and int(told[1]) in statuses else f"answered {line!r}"


async def _messages(port: int) -> tuple[str, int]:
    sent = 0

    async def parts() -> AsyncIterator[document_service_pb2.UploadDocumentRequest]:
        nonlocal sent
        while True:
            content = httpbody_pb2.HttpBody(content_type="application/pdf", data=_CHUNK)
            yield document_service_pb2.UploadDocumentRequest(filename="a.pdf", content=content)
            sent += len(_CHUNK)

    wrong = ""
    for _ in range(_TRIES):
        async with _channel(port) as channel:
            stub = DocumentServiceStub(channel)
            wrong = await _refusal(stub.UploadDocument(parts(), timeout=_ENDLESS_SECONDS))
        if _REFUSAL_LOST not in wrong:
            break
    return wrong, sent


async def _packed_message(port: int) -> tuple[str, int]:
    request = answer_service_pb2.AskRequest(question="a" * 60 * MEBIBYTE)
    async with _channel(port) as channel:
        call = AnswerServiceStub(channel).Ask(request, compression=grpc.Compression.Gzip, timeout=30)
        return await _refusal(call), 64 * 1024


async def _metadata(port: int, size: int, *refusals: grpc.StatusCode) -> tuple[str, int]:
    request = document_service_pb2.ListDocumentsRequest()
    async with _channel(port) as channel:
        call = DocumentServiceStub(channel).ListDocuments(request, metadata=[("x-large", "a" * size)])
        return await _refusal(call, *refusals), size


async def _refusal(call: Awaitable[object], *others: grpc.StatusCode) -> str:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        is_clean = error.code() in (*GRPC_REFUSALS, *others)
        return "" if is_clean else f"ended as {error.code().name}: {error.details()}"
    return "it was taken"


def _channel(port: int) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", -1)])
