"""Whatever bytes reach a method by gRPC, its caller learns which fields are wrong; nothing ends UNKNOWN or INTERNAL."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from google.protobuf import message_factory
from google.protobuf.message import DecodeError, Message
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh.callers import EDGE, LOCAL_PRINCIPAL
from mesh.errors import reason_name
from mesh.ids import Ids
from mesh.policy import Method
from mesh.signature import SIGNATURE_KEY, Signer
from mesh.status import MOST_VIOLATIONS
from mesh.validation import Validator
from proofs import systems
from proofs.attacks.breaches import breaches_of
from proofs.attacks.extremes import extremes_of
from proofs.attacks.mangled import mangled
from proofs.callers.doors import methods
from proofs.callers.endings import Ending, NotAStatus, of_rpc_error
from proofs.callers.library import filled_library
from proofs.callers.valid_requests import requests_of
from proofs.ground import Ground, Size
from proofs.numbers import Numbers

AT_ONCE = 8
# Watches of things that are there last longer than anybody waits for here.
CALL_SECONDS = 20.0
WATCH_SECONDS = 2.0
# Never the answer to what a caller sent.
OUR_FAULT = {"UNKNOWN", "INTERNAL", "UNAVAILABLE", "UNIMPLEMENTED", "DATA_LOSS"}
INVALID_FIELD = reason_name(reason_pb2.REASON_INVALID_FIELD)


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Every method at its service's port, signed as one that may call it: each rule broken once, then fields at the
    ends of what they hold, then broken bytes."""
    numbers, rounds = Numbers(0), size.of(short=2, long=60)
    async with _open(ground) as fuzz:
        # What deletes comes last, so that there is something for the others to find.
        for method in sorted(methods(), key=_destroys):
            chance = random.Random(f"{seed} {method.path}")
            await fuzz.break_rules(numbers, method)
            await fuzz.go_to_the_ends(numbers, method, chance, size.of(short=8, long=1))
            await fuzz.break_bytes(numbers, method, chance, rounds)
    numbers.n = fuzz.calls
    numbers.measured(methods=len(methods()), rules_broken=sum(fuzz.rules.values()), rules=dict(fuzz.rules))
    numbers.measured(not_decoded=fuzz.not_decoded, codes=dict(fuzz.codes.most_common()))
    numbers.measured(slowest_s=fuzz.slowest_seconds)
    return numbers


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator["Fuzz"]:
    """A whole system with something in it."""
    system = await asyncio.to_thread(systems.start, ground, render_workers=0)
    try:
        known = await asyncio.to_thread(filled_library, system)
        address = f"127.0.0.1:{system.environment['MOOTION_GRPC_PORT']}"
        async with systems.beside(system, "fuzz") as runtime, grpc.aio.insecure_channel(address) as channel:
            yield Fuzz(channel, runtime.signer, known)
    finally:
        await asyncio.to_thread(system.stop)


def _destroys(method: Method) -> bool:
    return method.full_name.rpartition(".")[2].startswith(("Delete", "Erase", "Rotate", "Logout"))


@dataclass
class Fuzz:
    """Calls methods with bytes and judges how that ends.

    Args:
        known: ids of things that are there, by the names of fields.
    """

    channel: grpc.aio.Channel
    signer: Signer
    known: Mapping[str, str]
    validator: Validator = field(default_factory=Validator)
    calls: int = 0
    not_decoded: int = 0
    slowest_seconds: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def find_id(self, path: str, name: str) -> str:
        """The id of something that is there, or of nothing."""
        return self.known.get(name) or Ids().new()

    async def break_rules(self, numbers: Numbers, method: Method) -> None:
        """Each rule of the request broken once, all others kept."""
        for breach in breaches_of(method, self.find_id):
            name = f"{method.path} {breach.field or 'request'} {breach.rule}"
            if breach.request is None:
                numbers.check(False, f"{name}: nobody knows how this rule is broken")
                continue
            self.rules[breach.rule.partition(":")[0]] += 1
            ending = await self._ended(numbers, method, breach.request.SerializeToString())
            expected = {breach.field}
            is_told = (ending.code, ending.reason) == ("INVALID_ARGUMENT", INVALID_FIELD)
            numbers.check(is_told and set(ending.fields) == expected, f"{name}: {ending}")

    async def go_to_the_ends(
        self, numbers: Numbers, method: Method, chance: random.Random, one_in: int
    ) -> None:
        """Each field at the ends of what its type can hold; one in so many of them."""
        bodies = [each.SerializeToString() for each in extremes_of(method, self.find_id)]
        await self._judge_all(numbers, method, bodies[chance.randrange(one_in) :: one_in])

    async def break_bytes(self, numbers: Numbers, method: Method, chance: random.Random, rounds: int) -> None:
        """Good requests and what is left of them after they were cut, flipped or filled with something else."""
        bodies = []
        for made in requests_of(method, self.find_id):
            raw = made.request.SerializeToString()
            bodies += [raw, *mangled(raw, method.input, chance, rounds)]
        await self._judge_all(numbers, method, bodies)

    async def _judge_all(self, numbers: Numbers, method: Method, bodies: list[bytes]) -> None:
        for start in range(0, len(bodies), AT_ONCE):
            await asyncio.gather(
                *(self._judge(numbers, method, raw) for raw in bodies[start : start + AT_ONCE])
            )

    async def _judge(self, numbers: Numbers, method: Method, raw: bytes) -> None:
        expected = self._violated(method, raw)
        ending = await self._ended(numbers, method, raw)
        if expected is not None:
            is_told = (ending.code, ending.reason) == ("INVALID_ARGUMENT", INVALID_FIELD)
            # Of very many the first are told.
            numbers.check(
                is_told and ending.fields == expected[:MOST_VIOLATIONS],
                f"{method.path} {raw[:40]!r}: {ending}",
            )

    def _violated(self, method: Method, raw: bytes) -> tuple[str, ...] | None:
        """The fields that a refusal must name; None for what may be asked."""
        message: Message = message_factory.GetMessageClass(method.input)()
        try:
            message.ParseFromString(raw)
        except DecodeError:
            self.not_decoded += 1
            return ("",)
        return tuple(each.field for each in self.validator.violations(message)) or None

    async def _ended(self, numbers: Numbers, method: Method, raw: bytes) -> Ending:
        self.calls += 1
        began = time.monotonic()
        try:
            ending = await self._call(method, raw)
        except NotAStatus as reason:
            ending = Ending("UNKNOWN", message=str(reason))
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
        self.codes[ending.code] += 1
        is_ours = ending.code in OUR_FAULT or (
            # A watch of something that waits goes on for longer than is waited for here.
            ending.code != "OK" and not (ending.reason and ending.request_id) and not method.resumable
        )
        numbers.check(not is_ours, f"{method.path} {raw[:40]!r}: {ending} {ending.message[:100]}")
        return ending

    async def _call(self, method: Method, raw: bytes) -> Ending:
        shape = f"{_side(method.client_streaming)}_{_side(method.server_streaming)}"
        make = getattr(self.channel, shape)(method.path)
        seconds = WATCH_SECONDS if method.resumable else CALL_SECONDS
        sent = iter([raw]) if method.client_streaming else raw
        call = make(sent, metadata=tuple(self._signed(method).items()), timeout=seconds)
        try:
            replies = [reply async for reply in call] if method.server_streaming else [await call]
        except grpc.aio.AioRpcError as error:
            return of_rpc_error(error)
        return Ending("OK", replies=tuple(replies))

    def _signed(self, method: Method) -> dict[str, str]:
        """The metadata of a workload that may call, for a person who may."""
        said = {"mootion-caller": EDGE if EDGE in method.callers else min(method.callers)}
        role = method.policy.least_role
        if role != policy_pb2.ACCESS_ROLE_SERVICE:
            name = policy_pb2.AccessRole.Name(max(role, policy_pb2.ACCESS_ROLE_STUDENT))
            said |= {
                "mootion-principal": LOCAL_PRINCIPAL.id,
                "mootion-role": name.removeprefix("ACCESS_ROLE_"),
            }
        return said | {SIGNATURE_KEY: self.signer.sign(method.path, said)}


def _side(streaming: bool) -> str:
    return "stream" if streaming else "unary"
