"""Cases of a fuzzer that ask for what is there: half of them as drawn, half with a valid request in or under them."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from random import Random
from typing import Any
from uuid import UUID
from zlib import crc32

from google.protobuf import json_format
from mootion.policy.v1 import policy_pb2
from schemathesis import Case, HookContext, Response
from schemathesis.core import NOT_SET
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from mesh.policy import Method
from proofs.callers import doors
from proofs.callers.expendable import CannotPrepare, Make
from proofs.callers.people import Person
from proofs.callers.signed_cases import LEAVES, Senders
from proofs.callers.valid_requests import requests_of

# A sequence has the ids of its own replies, so fewer of its cases are prepared.
_PREPARED, _PREPARED_IN_SEQUENCES = 0.5, 0.3
# Where a prepared case has passwords hashed or documents read, which takes most of the time, there are fewer.
_PREPARED_AT_A_COST = 0.15
_COSTLY = (
    *LEAVES,
    "register",
    "login",
    "refreshTokens",
    "resetPassword",
    "changeAccount",
    "eraseAccount",
    "uploadDocument",
    "cancelDocument",
    "deleteDocument",
    "generateQuiz",
    "deleteQuiz",
)
# Of the prepared ones so many keep what was drawn for everything that the valid request leaves out.
_KEEPING = 0.5
_WAITING_SECONDS = 60.0
# After these the account is as it was.
_STAYS = ("updateAccount", "startSecondFactor")
_PLACE = re.compile(r"<(\w+)>")
AnyCase = Case[Any]


@dataclass
class PreparedCases:
    """Says who sends a case, and gives it ids, states and secrets that are good at this moment.

    Args:
        loop: runs what makes things; not the thread that the cases are sent in.
        makers: for operations by id, what to make and which fields of the request tell it.
    """

    loop: asyncio.AbstractEventLoop
    seed: int
    senders: Senders
    makers: Mapping[str, Make]
    prepared: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=count)
    _sent: dict[str, Person] = field(default_factory=dict)

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Every case goes through this until the block ends."""
        hooks: dict[str, Callable[..., None]] = {"before_call": self._before, "after_call": self._after}
        for name, hook in hooks.items():
            GLOBAL_HOOK_DISPATCHER.register_hook_with_name(hook, name)
        try:
            yield
        finally:
            for hook in hooks.values():
                GLOBAL_HOOK_DISPATCHER.unregister(hook)

    def _before(self, context: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(self.prepare(case), self.loop).result(_WAITING_SECONDS)

    def _after(self, context: HookContext, case: AnyCase, response: Response) -> None:
        person = self._sent.pop(case.id)
        if response.status_code == 401 and b"TOKEN_INVALID" in response.content:
            self.senders.doubt(person)
        name = _name(case)
        if response.status_code < 300 and name in LEAVES and name not in _STAYS:
            self.senders.crowd.lose(person)

    async def prepare(self, case: AnyCase) -> None:
        """Changes a case before it is sent."""
        name, method = _name(case), _methods().get(_name(case))
        drawn = f"{self.seed} {case.operation.label} {case.path_parameters} {case.query} {case.body!r}"
        draw = Random(crc32(drawn.encode(errors="replace")))
        in_sequence = case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL
        least = policy_pb2.ACCESS_ROLE_PUBLIC if method is None else method.policy.least_role
        person = await self.senders.of(name, least, draw, in_sequence=in_sequence)
        usual = _PREPARED_IN_SEQUENCES if in_sequence else _PREPARED
        chance = _PREPARED_AT_A_COST if name in _COSTLY else usual
        is_own = case.method.upper() == case.operation.method.upper()
        needed = self._would_take_away(case)
        if is_own and method is not None and (needed or draw.random() < chance):
            await self._fill(case, person, draw, needed=needed)
        self._sign(case, person)

    async def _fill(self, case: AnyCase, person: Person, draw: Random, *, needed: bool) -> None:
        name = _name(case)
        try:
            request = _filled(draw.choice(_templates(name)), person, draw)
            if name in self.makers:
                request |= await self.makers[name](person, draw)
        except CannotPrepare as reason:
            self.refused[str(reason)] += 1
            if needed:
                case.path_parameters = dict.fromkeys(case.path_parameters, _missing(draw))
            return
        self.prepared += 1
        _put(case, request, keeping=draw.random() < _KEEPING)

    def _would_take_away(self, case: AnyCase) -> bool:
        """Whether a case names what others need, to remove or change it."""
        if case.method.upper() != "DELETE" and _name(case) != "changeAccount":
            return False
        owned = {
            value for person in self.senders.owners for values in person.owns.values() for value in values
        }
        owned |= {person.account_id for person in self.senders.house.callers}
        return any(value in owned for value in case.path_parameters.values())

    def _sign(self, case: AnyCase, person: Person) -> None:
        """Shows the sender's token, and an address of its own as a proxy in front of the edge tells it."""
        number = next(self._numbers)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        case.headers.update({**person.headers, "x-forwarded-for": address})
        self._sent[case.id] = person


@cache
def _methods() -> Mapping[str, Method]:
    """Methods by the ids of their operations, such as `getQuiz`."""
    names = {method.full_name.rpartition(".")[2]: method for method in doors.methods() if method.http_rules}
    return {name[0].lower() + name[1:]: method for name, method in names.items()}


@cache
def _templates(name: str) -> list[dict[str, Any]]:
    """Valid requests of an operation in JSON, with `<document_id>` for the id of a document."""
    made = requests_of(_methods()[name], lambda path, name: f"<{name}>")
    return [json_format.MessageToDict(each.request) for each in made]


def _filled(value: Any, person: Person, draw: Random) -> Any:
    """A template with ids of the person's own; what is to name something that it does not own is left out."""
    if isinstance(value, dict):
        filled = {name: _filled(each, person, draw) for name, each in value.items()}
        return {name: each for name, each in filled.items() if each not in (None, [])}
    if isinstance(value, list):
        return [each for each in (_filled(one, person, draw) for one in value) if each is not None]
    place = _PLACE.fullmatch(value) if isinstance(value, str) else None
    if place is None:
        return value
    known = person.find(place[1])
    # Both ends of an edge or a path: the same thing twice would be an error of another kind.
    ends = {"source_id": known[:1], "target_id": known[-1:]}
    return draw.choice(ends.get(place[1], known)) if known else None


def _put(case: AnyCase, request: Mapping[str, Any], *, keeping: bool) -> None:
    """Puts a request into a case; fields that are None are left out.

    Args:
        keeping: fields that the request does not tell stay as they were drawn.
    """
    raw = case.operation.definition.raw
    where = {each["name"]: each["in"] for each in raw.get("parameters", ())}
    told = {name: value for name, value in request.items() if value is not None}
    path, query, body = (
        {name: value for name, value in told.items() if where.get(name, "body") == place}
        for place in ("path", "query", "body")
    )
    left_out = request.keys() - told.keys()
    case.path_parameters = {**case.path_parameters, **path}
    case.query = {**_kept(case.query, left_out, keeping), **query}
    if "requestBody" not in raw:
        return
    if "content" in body:
        case.body, case.media_type = body["content"], "application/octet-stream"
    else:
        case.body, case.media_type = {**_kept(case.body, left_out, keeping), **body}, "application/json"


def _kept(drawn: object, left_out: set[str], keeping: bool) -> dict[str, Any]:
    if not keeping or drawn is NOT_SET or not isinstance(drawn, Mapping):
        return {}
    return {name: value for name, value in drawn.items() if name not in left_out}


def _name(case: AnyCase) -> str:
    return str(case.operation.definition.raw.get("operationId", ""))


def _missing(draw: Random) -> str:
    return str(UUID(int=draw.getrandbits(128)))
