"""Whatever bytes arrive at a method, the answer is the handler's or INVALID_ARGUMENT that names what is wrong."""

import random
from typing import Any

import grpc
import pytest
from mootion.toy.v1 import toy_service_pb2 as toy

from mesh import status
from tests.contract.runtime.conftest import Served

METHODS = ("Echo", "Relay", "CreateThing", "GetMine", "GetShared")
CLEAN = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.DEADLINE_EXCEEDED}
CASES_PER_METHOD = 150


def mutated(chance: random.Random) -> bytes:
    valid = bytearray(
        toy.EchoRequest(
            text="".join(chr(chance.randrange(32, 0x2FFF)) for _ in range(chance.randrange(20))),
            parts=[toy.Part(weight=chance.randrange(-3, 14)) for _ in range(chance.randrange(4))],
        ).SerializeToString()
    )
    for _ in range(chance.randrange(3)):
        if valid:
            valid[chance.randrange(len(valid))] = chance.randrange(256)
    return bytes(valid[: chance.randrange(len(valid) + 1)]) if chance.random() < 0.3 else bytes(valid)


@pytest.mark.parametrize("name", METHODS)
async def test_no_bytes_end_as_unknown_or_internal(served: Served, name: str) -> None:
    chance = random.Random(f"seed 1 {name}")
    call: Any = served.running.runtime.channels.channel("toy").unary_unary(
        f"/mootion.toy.v1.ToyService/{name}"
    )
    refused = 0
    for _ in range(CASES_PER_METHOD):
        raw = mutated(chance) if chance.random() < 0.8 else chance.randbytes(chance.randrange(60))
        try:
            await call(raw)
        except grpc.aio.AioRpcError as error:
            refused += 1
            failure = status.from_rpc_error(error, "toy")
            assert failure.code in CLEAN, (raw, failure)
            assert failure.violations or failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
            assert failure.metadata["request_id"]
    assert refused > 5


@pytest.mark.parametrize("kibibytes", [8, 16, 64])
async def test_metadata_as_large_as_the_edge_lets_through_is_taken(served: Served, kibibytes: int) -> None:
    call: Any = served.running.runtime.channels.channel("toy").unary_unary("/mootion.toy.v1.ToyService/Echo")
    note = "n" * 1024 * kibibytes
    raw = toy.EchoRequest(text="heard").SerializeToString()
    for _ in range(20):
        assert toy.EchoResponse.FromString(await call(raw, metadata=(("x-note", note),))).text == "heard"


async def test_a_request_with_many_faults_gets_an_answer_that_its_client_takes(served: Served) -> None:
    call: Any = served.running.runtime.channels.channel("toy").unary_unary("/mootion.toy.v1.ToyService/Echo")
    wrong = toy.EchoRequest(text="heard", parts=[toy.Part(weight=-1)] * 300)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(wrong.SerializeToString())
    failure = status.from_rpc_error(refused.value, "toy")
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert len(failure.violations) == status.MOST_VIOLATIONS
