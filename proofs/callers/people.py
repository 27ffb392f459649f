"""People of a running system, who sign in as people do, and what each of them owns."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import Message
from mootion.identity.v1 import (
    account_pb2,
    account_service_pb2,
    admin_service_pb2,
    identity_service_pb2,
)
from mootion.policy.v1 import policy_pb2

from cli.administrators import create_admin
from mesh.config import Settings
from mesh.policy import method
from proofs.callers.doors import Door, Outcome
from proofs.callers.valid_requests import is_id

PASSWORD = "correct horse battery"
_IDENTITY = "/mootion.identity.v1.IdentityService/"
_ACCOUNT = "/mootion.identity.v1.AccountService/"
_ADMIN = "/mootion.identity.v1.AdminService/"
# Other names of a thing in requests, and its name in the replies that it was made with.
OTHER_NAMES = {
    "source_id": "node_id",
    "target_id": "node_id",
    "principal_id": "account_id",
    "match_id": "option_id",
}


@dataclass
class Person:
    """Somebody outside of the system.

    Args:
        door: where this person makes and renews accounts and tokens; past the edge, which counts addresses.
        owns: ids by their names in the contracts, such as `quiz_id`.
        renew: makes a token of a further session; without it this person signs in, which only twenty times are allowed.
    """

    name: str
    door: Door
    role: policy_pb2.AccessRole.ValueType = policy_pb2.ACCESS_ROLE_STUDENT
    account_id: str = ""
    tokens: account_pb2.Tokens = field(default_factory=account_pb2.Tokens)
    owns: dict[str, list[str]] = field(default_factory=dict)
    renew: Callable[[], Awaitable[str]] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """What this person shows."""
        token = self.tokens.access_token
        return {"authorization": f"Bearer {token}"} if token else {}

    async def call(self, path: str, request: Message) -> Outcome:
        """Calls a method at this person's door; keeps the ids of what comes back as this person's own."""
        outcome = await self.door.call(method(path), request, self.headers)
        if not outcome.is_ok:
            raise RuntimeError(f"{self.name} cannot call {path}: {outcome.told()} {outcome.message}")
        for reply in outcome.replies:
            self.keep(reply)
        return outcome

    def keep(self, message: Message) -> None:
        """Everything that a reply names belongs to this person."""
        for name, value in ids_in(message):
            known = self.owns.setdefault(name, [])
            if value not in known:
                known.append(value)

    def find(self, name: str) -> list[str]:
        """Own things of a name; none where there are none."""
        return self.owns.get(OTHER_NAMES.get(name, name), [])

    async def is_signed_in(self) -> bool:
        """Whether the token is still believed."""
        request = account_service_pb2.GetAccountRequest()
        return (await self.door.call(method(f"{_ACCOUNT}GetAccount"), request, self.headers)).is_ok

    async def register(self) -> None:
        """Makes the account and signs in."""
        request = identity_service_pb2.RegisterRequest(username=self.name, password=PASSWORD)
        self._enter((await self.call(f"{_IDENTITY}Register", request)).replies[0])

    async def sign_in(self) -> None:
        """Signs in anew."""
        request = identity_service_pb2.LoginRequest(username=self.name, password=PASSWORD)
        self._enter((await self.call(f"{_IDENTITY}Login", request)).replies[0])

    async def come_back(self) -> None:
        """Goes on after the session was ended."""
        if self.renew is None:
            await self.sign_in()
        else:
            self.tokens.access_token = await self.renew()

    def _enter(self, reply: Message) -> None:
        if not isinstance(reply, (identity_service_pb2.RegisterResponse, identity_service_pb2.LoginResponse)):
            raise TypeError(f"{type(reply).__name__} signs nobody in")
        self.tokens, self.account_id = reply.tokens, reply.account.account_id


def ids_in(message: Message) -> Iterator[tuple[str, str]]:
    """Name and value of each id in a message."""
    for each, value in message.ListFields():
        if is_id(each):
            name = each.name.removesuffix("s") if each.is_repeated else each.name
            yield from ((name, one) for one in (value if each.is_repeated else [value]))
        elif each.message_type is not None and each.message_type.full_name.startswith("mootion."):
            for one in value if each.is_repeated else [value]:
                yield from ids_in(one)


@dataclass(frozen=True)
class House:
    """Who lives in a system: two students, a teacher of the first, an administrator, and somebody to be erased."""

    nobody: Person
    other: Person
    owner: Person
    teacher: Person
    admin: Person
    spare: Person

    @property
    def callers(self) -> Sequence[Person]:
        """From the least role to the highest."""
        return (self.nobody, self.other, self.owner, self.teacher, self.admin)


async def moved_in(door: Door, settings: Settings) -> House:
    """Registers everybody, gives roles, and links teachers with the first student."""
    nobody = Person("nobody", door, policy_pb2.ACCESS_ROLE_PUBLIC)
    other, owner, teacher, tutor, admin, spare = (
        Person(name, door) for name in ("other", "owner", "teacher", "tutor", "admin", "spare")
    )
    admin.account_id = await create_admin(settings, admin.name, PASSWORD)
    await asyncio.gather(
        *(each.register() for each in (other, owner, teacher, tutor, spare)), admin.sign_in()
    )
    admin.role, teacher.role = policy_pb2.ACCESS_ROLE_ADMIN, policy_pb2.ACCESS_ROLE_TEACHER
    for each in (teacher, tutor):
        change = admin_service_pb2.ChangeAccountRequest(account_id=each.account_id, role=account_pb2.TEACHER)
        await admin.door.call(method(f"{_ADMIN}ChangeAccount"), change, admin.headers)
        await each.sign_in()
    await _link(teacher, owner)
    # The first student has a second teacher to part from, so that the first one keeps it.
    await _link(tutor, owner)
    owner.owns["teacher_id"] = [tutor.account_id]
    await _link(admin, spare)
    # What a person may do with accounts: a teacher with those of its students, an administrator with any.
    teacher.owns["account_id"], admin.owns["account_id"] = [owner.account_id], [spare.account_id]
    return House(nobody, other, owner, teacher, admin, spare)


async def _link(teacher: Person, student: Person) -> None:
    request = account_service_pb2.CreateStudentInvitationRequest()
    reply = (await teacher.call(f"{_ACCOUNT}CreateStudentInvitation", request)).replies[0]
    assert isinstance(reply, account_service_pb2.CreateStudentInvitationResponse)
    accept = account_service_pb2.AcceptInvitationRequest(invitation_code=reply.invitation_code)
    await student.call(f"{_ACCOUNT}AcceptInvitation", accept)
