"""A creation with a request id has one effect and one reply, however often and however concurrently it is sent."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.errors import CallError, not_found, precondition
from mesh.ports.replies import StoredReply
from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import running
from tests.contract.runtime.conftest import Served
from tests.contract.runtime.toy import Toy, parts

NAMES = pytest.mark.parametrize("name", ["plain", "remembered"])


def creation(name: str, request_id: str = "r1") -> toy.CreateThingRequest:
    return toy.CreateThingRequest(name=name, request_id=request_id)


@NAMES
async def test_equal_calls_at_once_have_one_effect_and_one_reply(served: Served, name: str) -> None:
    stub = served.stub()
    replies = await asyncio.gather(*(stub.CreateThing(creation(name)) for _ in range(64)))
    assert served.toy.runs["CreateThing"] == 1
    assert len({reply.thing_id for reply in replies}) == 1


@NAMES
async def test_the_same_id_with_another_body_is_refused(served: Served, name: str) -> None:
    await served.stub().CreateThing(creation(name))
    with pytest.raises(CallError) as raised:
        await served.stub().CreateThing(creation("another"))
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert raised.value.reason == reason_pb2.REASON_REQUEST_ID_REUSED
    assert served.toy.runs["CreateThing"] == 1


async def test_each_principal_has_its_own_ids(served: Served) -> None:
    ada = await served.stub(principal="ada").CreateThing(creation("a"))
    bob = await served.stub(principal="bob").CreateThing(creation("b"))
    assert ada.thing_id != bob.thing_id


async def test_a_call_without_an_id_happens_each_time(served: Served) -> None:
    for _ in range(2):
        await served.stub().CreateThing(creation("a", request_id=""))
    assert served.toy.runs["CreateThing"] == 2


async def test_a_creation_that_failed_may_be_sent_again(served: Served) -> None:
    with pytest.raises(CallError):
        await served.stub().CreateThing(creation("boom"))
    del served.toy.behaviours["boom"]
    assert (await served.stub().CreateThing(creation("boom"))).thing_id


@NAMES
async def test_a_repeat_after_a_restart_gets_the_same_reply(tmp_path: Path, name: str) -> None:
    ids = set()
    for _ in range(2):
        async with running(lambda runtime: parts(Toy(runtime)), data_dir=tmp_path) as found:
            stub = found.stub(rpc.ToyServiceStub, "toy")
            ids.add((await stub.CreateThing(creation(name))).thing_id)
    assert len(ids) == 1


class Rival:
    """Replies of which another process stores one while the handler runs."""

    def __init__(self, runtime: Runtime) -> None:
        self._replies = runtime.replies
        self.stored: tuple[str, str, str, StoredReply] | None = None

    async def recall(self, principal: str, method: str, request_id: str) -> StoredReply | None:
        return await self._replies.recall(principal, method, request_id)

    async def store(self, principal: str, method: str, request_id: str, stored: StoredReply) -> None:
        other = StoredReply(
            stored.body_hash, toy.CreateThingResponse(thing_id="of the rival").SerializeToString()
        )
        await self._replies.store(principal, method, request_id, other)
        await self._replies.store(principal, method, request_id, stored)


async def test_when_another_process_was_first_its_reply_is_given() -> None:
    def build(runtime: Runtime) -> Parts:
        object.__setattr__(runtime, "replies", Rival(runtime))
        return parts(Toy(runtime))

    async with running(build) as found:
        reply = await found.stub(rpc.ToyServiceStub, "toy").CreateThing(creation("a"))
    assert reply.thing_id == "of the rival"


async def test_a_handler_that_takes_its_own_reply_back_refuses_the_call(served: Served) -> None:
    async def gone() -> None:
        raise not_found("thing", "remembered")

    served.toy.behaviours["remembered"] = gone
    with pytest.raises(CallError) as raised:
        await served.stub().CreateThing(creation("remembered"))
    assert raised.value.code is grpc.StatusCode.NOT_FOUND


async def test_a_repeat_that_finds_the_work_done_by_another_process_gets_its_reply(tmp_path: Path) -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def too_late() -> None:
        begun.set()
        await done.wait()
        raise precondition(reason_pb2.REASON_ATTEMPT_SUBMITTED, "It was done.")

    def second(runtime: Runtime) -> Parts:
        servicer = Toy(runtime)
        servicer.behaviours["a"] = too_late
        return parts(servicer)

    async with (
        running(lambda runtime: parts(Toy(runtime)), data_dir=tmp_path) as found,
        running(second, data_dir=tmp_path) as other,
    ):
        repeat = asyncio.ensure_future(other.stub(rpc.ToyServiceStub, "toy").CreateThing(creation("a")))
        await begun.wait()
        reply = await found.stub(rpc.ToyServiceStub, "toy").CreateThing(creation("a"))
        done.set()
        assert await repeat == reply


def chunks(
    data: bytes, size: int, request_id: str = "u1", name: str = "a.pdf"
) -> Iterator[toy.UploadRequest]:
    yield toy.UploadRequest(
        name=name, request_id=request_id, content={"content_type": "application/pdf", "data": data[:size]}
    )
    for start in range(size, len(data), size):
        yield toy.UploadRequest(content={"data": data[start : start + size]})


async def test_an_upload_is_the_same_however_it_is_cut_into_chunks(served: Served) -> None:
    data = bytes(range(256)) * 40
    first = await served.stub().Upload(chunks(data, 1000))
    again = await served.stub().Upload(chunks(data, 777))
    assert first == again
    assert first.size == len(data)
    assert served.toy.runs["Upload"] == 1


async def test_an_upload_of_other_bytes_or_another_name_under_the_same_id_is_refused(served: Served) -> None:
    data = b"x" * 3000
    await served.stub().Upload(chunks(data, 1000))
    for other in (chunks(data + b"y", 1000), chunks(data, 1000, name="b.pdf")):
        with pytest.raises(CallError) as raised:
            await served.stub().Upload(other)
        assert raised.value.reason == reason_pb2.REASON_REQUEST_ID_REUSED


async def test_equal_uploads_at_once_have_one_effect(served: Served) -> None:
    replies = await asyncio.gather(*(served.stub().Upload(chunks(b"x" * 3000, 1000)) for _ in range(8)))
    assert served.toy.runs["Upload"] == 1
    assert len({reply.upload_id for reply in replies}) == 1


async def test_an_empty_stream_reaches_the_handler(served: Served) -> None:
    assert (await served.stub().Upload(iter([]))).size == 0


async def test_a_reply_remembered_before_the_request_was_read_is_a_fault_of_ours(served: Served) -> None:
    async def remember_too_early() -> None:
        async with served.running.runtime.database.transaction() as transaction:
            transaction.remember(toy.UploadResponse())

    served.toy.behaviours["early"] = remember_too_early
    with pytest.raises(CallError) as raised:
        await served.stub().Upload(chunks(b"x" * 3000, 1000, name="early"))
    assert raised.value.code is grpc.StatusCode.INTERNAL
