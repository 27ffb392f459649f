"""The cells of the authorization matrix: who called which method with whose ids, and what came of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from google.protobuf.message import Message
from mootion.policy.v1 import policy_pb2

from mesh.policy import Idempotency, Method
from proofs.callers.doors import Door, Outcome
from proofs.callers.people import House, Person
from proofs.callers.valid_requests import Made, requests_of

# Reasons of a call that is not let in, whatever it asks for.
REFUSALS = frozenset(
    ("NO_PRINCIPAL", "ROLE_TOO_LOW", "CALLER_NOT_ALLOWED", "TOKEN_INVALID", "SCOPE_MISSING", "UNKNOWN_METHOD")
)
# Shorter ones, such as the letters of options, name things within a thing, and are parts of words.
SHORTEST_ID = 8
OF_THE_REQUEST = "TOKEN_INVALID (of the request)"
# What every method may answer to somebody who may not call it; the first for nobody at all.
NOBODY = ("UNAUTHENTICATED", "NO_PRINCIPAL")
TOO_LOW = ("PERMISSION_DENIED", "ROLE_TOO_LOW")


@dataclass(frozen=True)
class Question:
    """A request with the ids that stand in it, by path, so that what is told of them can be compared."""

    request: Message
    ids: dict[str, str]

    def told(self, outcome: Outcome) -> tuple[object, ...]:
        """What the caller learns, with the ids that it gave itself taken out."""
        message, replies = (
            outcome.message,
            b"".join(reply.SerializeToString(deterministic=True) for reply in outcome.replies),
        )
        for path, value in self.ids.items():
            if len(value) < SHORTEST_ID:
                continue
            message = message.replace(value, f"<{path}>")
            replies = replies.replace(value.encode(), f"<{path}>".encode())
        return outcome.code, outcome.reason, message, replies


@dataclass
class Matrix:
    """Asks, and remembers who was let in where.

    Args:
        admitted: for each method the names of those who were let in, and of those who were not.
        broken: notes a sentence that does not hold.
    """

    house: House
    check: Callable[[bool, str], None]
    calls: int = 0
    admitted: dict[str, set[str]] = field(default_factory=dict)
    refused: dict[str, set[str]] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)

    async def ask(self, door: Door, person: Person, method: Method, question: Question) -> Outcome:
        """One cell: calls, and judges whether the person was let in as the contract says."""
        outcome = await door.call(method, question.request, person.headers)
        if outcome.reason == "TOKEN_INVALID" and person.headers and _needs_token(method):
            if await person.is_signed_in():
                # It was a token inside the request that is not good, which only those let in are told.
                outcome = replace(outcome, reason=OF_THE_REQUEST)
            else:
                # The cell before ended the session, which is what it was for.
                await person.come_back()
                outcome = await door.call(method, question.request, person.headers)
        self._note(method, person, outcome)
        where = f"{method.path} as {person.name} at the {door.name}"
        self.check(outcome.is_ok or outcome.reason != "", f"{where}: no status of ours: {outcome.told()}")
        bad = outcome.code in ("INTERNAL", "UNKNOWN") or outcome.reason == "RATE_LIMITED"
        self.check(not bad, f"{where}: {outcome.told()} {outcome.message}")
        self._judge(where, method, person, outcome)
        return outcome

    def _note(self, method: Method, person: Person, outcome: Outcome) -> None:
        self.calls += 1
        self.outcomes[outcome.told()] = self.outcomes.get(outcome.told(), 0) + 1
        which = self.admitted if is_admitted(method, outcome) else self.refused
        which.setdefault(method.full_name, set()).add(person.name)

    def _judge(self, where: str, method: Method, person: Person, outcome: Outcome) -> None:
        may = person.role >= method.policy.least_role
        if may:
            self.check(is_admitted(method, outcome), f"{where}: refused with {outcome.told()}")
            return
        expected = NOBODY if person is self.house.nobody else TOO_LOW
        found = (outcome.code, outcome.reason)
        self.check(found == expected, f"{where}: {outcome.told()} instead of {' '.join(expected)}")

    def questions(self, person: Person, method: Method) -> list[Question]:
        """What the method can be asked about this person's own; empty where it owns no such thing."""
        try:
            return [_own(made, person) for made in self.templates(method)]
        except LookupError:
            return []

    def templates(self, method: Method) -> list[Made]:
        """Requests whose ids are still to be chosen. Raises CannotMake where nobody owns what the method asks for."""
        return requests_of(method, self._any)

    def _any(self, path: str, name: str) -> str:
        for person in self.house.callers:
            if person.find(name):
                return person.find(name)[0]
        raise KeyError(name)

    def compared(self, person: Person, method: Method) -> Iterator[tuple[str, Question, Question]]:
        """Pairs that must look the same: ids of another, and ids that nothing has."""
        for number, made in enumerate(self.templates(method)):
            foreign = {path: self._foreign(person, name) for path, name in made.ids.items()}
            known = {path: value for path, value in foreign.items() if value}
            missing = {path: missing_like(value) for path, value in known.items()}
            if not known:
                continue
            yield f"{number}", _filled(made, known), _filled(made, missing)
            if len(known) > 1 and all(person.find(name) for name in made.ids.values()):
                own = {path: person.find(name)[0] for path, name in made.ids.items()}
                for path in sorted(known):
                    yield (
                        f"{number} {path}",
                        _filled(made, {**own, path: known[path]}),
                        _filled(made, {**own, path: missing[path]}),
                    )

    def _foreign(self, person: Person, name: str) -> str:
        for each in (self.house.owner, self.house.other):
            for value in each.find(name):
                if each is not person and value not in person.find(name):
                    return value
        return ""


def is_admitted(method: Method, outcome: Outcome) -> bool:
    """Whether the call got past the rules on who may call; a method for everybody may refuse a token that it takes as
    an argument."""
    reasons = REFUSALS if _needs_token(method) else REFUSALS - {"TOKEN_INVALID"}
    return outcome.reason not in reasons


def _needs_token(method: Method) -> bool:
    return method.policy.least_role != policy_pb2.ACCESS_ROLE_PUBLIC


def owns_ids(method: Method) -> bool:
    """Whether ids of the method belong to somebody: an administrator may name what is anybody's."""
    return method.policy.least_role != policy_pb2.ACCESS_ROLE_ADMIN


def reads(method: Method) -> bool:
    """Whether a method changes nothing."""
    return method.idempotency is Idempotency.NO_SIDE_EFFECTS


def missing_like(value: str) -> str:
    """An id of the same length that nothing has."""
    made = uuid4().hex * (len(value) // 32 + 1)
    return made[: len(value)] if len(value) > 8 else made[: max(len(value), 8)]


def _own(made: Made, person: Person) -> Question:
    values = {}
    for path, name in made.ids.items():
        mine = person.find(name)
        if not mine:
            raise LookupError(name)
        # Both ends of an edge or of a path: the same thing twice would be an error of another kind.
        values[path] = mine[-1] if path.endswith("target_id") else mine[0]
    return _filled(made, values)


def _filled(made: Made, values: dict[str, str]) -> Question:
    request = type(made.request)()
    request.CopyFrom(made.request)
    for path, value in values.items():
        _set(request, path.split("."), value)
    return Question(request, values)


def _set(message: Message, path: Sequence[str], value: str) -> None:
    each = message.DESCRIPTOR.fields_by_name[path[0]]
    if len(path) == 1:
        if each.is_repeated:
            getattr(message, path[0])[:] = [value]
        else:
            setattr(message, path[0], value)
        return
    found = getattr(message, path[0])
    for one in found if each.is_repeated else [found]:
        _set(one, path[1:], value)
