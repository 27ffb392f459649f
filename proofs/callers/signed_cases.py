"""Who sends the cases of a fuzzer: people who own things, and a crowd of accounts that a case may sign out or erase."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from mootion.policy.v1 import policy_pb2

from proofs.callers.doors import Door
from proofs.callers.people import House, Person

# Half of what an access token lives.
_YOUNG_SECONDS = 300.0
# Ends its own session, or the account's, or changes how it signs in: none that another case needs.
LEAVES = (
    "logout",
    "revokeSession",
    "deleteAccount",
    "changePassword",
    "updateAccount",
    "startSecondFactor",
    "confirmSecondFactor",
    "removeSecondFactor",
)
# Methods that a principal may call more seldom than a fuzzer does, so that the crowd takes turns.
_SELDOM = ("search", "exportAccount", "createApiKey", "deleteApiKey", "acceptInvitation")
_BY_THE_CROWD = 0.8
# Of a hundred cases outside of sequences so many come from nobody, and from somebody who owns nothing.
_FROM_NOBODY, _FROM_SOMEBODY = 0.04, 0.06


@dataclass
class Crowd:
    """Students of whom cases make what they want. Whoever was signed out, or came long ago, is replaced by another.

    Args:
        size: most of them at a time.
    """

    door: Door
    size: int
    replaced: int = 0
    _members: list[Person] = field(default_factory=list)
    _since: dict[str, float] = field(default_factory=dict)
    _names: Iterator[int] = field(default_factory=itertools.count)

    async def one(self, draw: Random) -> Person:
        """A member; a new one while there are few."""
        if len(self._members) < self.size:
            self._members.append(await self.another())
            return self._members[-1]
        person = draw.choice(self._members)
        if time.monotonic() < self._since[person.name] + _YOUNG_SECONDS:
            return person
        self.lose(person)
        return await self.one(draw)

    async def another(self) -> Person:
        """Somebody new, who stays outside of the crowd."""
        person = Person(f"crowd-{next(self._names)}", self.door)
        await person.register()
        self._since[person.name] = time.monotonic()
        return person

    def lose(self, person: Person) -> None:
        """Somebody whom a case signed out does not come any more."""
        if person in self._members:
            self._members.remove(person)
            self.replaced += 1


@dataclass
class Senders:
    """Chooses who sends a case, and has everybody come back whose session was ended.

    Args:
        owners: people of the house who own things, the one who sends sequences last.
    """

    house: House
    owners: Sequence[Person]
    crowd: Crowd
    came_back: int = 0
    _since: dict[str, float] = field(default_factory=dict)
    _doubted: set[str] = field(default_factory=set)

    async def of(
        self, name: str, least: policy_pb2.AccessRole.ValueType, draw: Random, *, in_sequence: bool
    ) -> Person:
        """Who sends a case.

        Args:
            name: id of the operation, such as `getQuiz`.
            least: role that may call it.
        """
        if name in LEAVES:
            return await self._member(draw)
        chance = draw.random()
        if not in_sequence and chance < _FROM_NOBODY:
            return self.house.nobody
        if not in_sequence and chance < _FROM_NOBODY + _FROM_SOMEBODY:
            return await self._member(draw)
        if name in _SELDOM and draw.random() < _BY_THE_CROWD:
            return await self._member(draw)
        may = [person for person in self.owners if person.role >= least]
        return await self._present(self.owners[-1] if in_sequence else draw.choice(may))

    def doubt(self, person: Person) -> None:
        """A token of this person was refused, or one of a request."""
        self._doubted.add(person.name)

    async def _member(self, draw: Random) -> Person:
        while True:
            person = await self.crowd.one(draw)
            if not await self._is_lost(person):
                return person
            self.crowd.lose(person)

    async def _present(self, person: Person) -> Person:
        since = self._since.setdefault(person.name, time.monotonic())
        if time.monotonic() > since + _YOUNG_SECONDS or await self._is_lost(person):
            self._since[person.name] = time.monotonic()
            self.came_back += 1
            await person.come_back()
        return person

    async def _is_lost(self, person: Person) -> bool:
        doubted = person.name in self._doubted
        self._doubted.discard(person.name)
        return doubted and not await person.is_signed_in()
