"""Accounts, sessions, codes and tokens for one case each: right passwords, second factors, resets, links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import pyotp
from mootion.identity.v1 import account_service_pb2 as accounts

from mesh.runtime import Runtime
from proofs.callers.expendable import Fields, Make, call
from proofs.callers.openid_provider import NAME, REDIRECT, OpenIdProvider
from proofs.callers.people import PASSWORD, House, Person
from proofs.callers.signed_cases import Crowd
from services.identity import one_time, opaque, token_store

_ACCOUNT = "/mootion.identity.v1.AccountService/"
_NEXT_PASSWORD = "another horse battery"


@dataclass
class AccountStates:
    """What operations on accounts ask for."""

    runtime: Runtime
    house: House
    crowd: Crowd
    provider: OpenIdProvider
    _invitations: dict[str, str] = field(default_factory=dict)

    def makers(self) -> Mapping[str, Make]:
        """What is made for an operation, by its id: fields of its request in JSON."""
        return {
            "register": self._newcomer,
            "login": self._sign_in,
            "refreshTokens": self._refresh,
            "requestPasswordReset": self._reset_request,
            "resetPassword": self._reset,
            "startSignIn": self._start_with_provider,
            "completeSignIn": self._complete_with_provider,
            "updateAccount": self._address,
            "deleteAccount": self._password,
            "startSecondFactor": self._password,
            "changePassword": self._change,
            "confirmSecondFactor": self._confirm,
            "removeSecondFactor": self._remove_factor,
            "revokeSession": self._session,
            "createApiKey": self._key,
            "deleteApiKey": self._made_key,
            "acceptInvitation": self._invitation,
            "removeStudent": self._student,
            "removeTeacher": self._teacher,
            "changeAccount": self._anybody,
            "eraseAccount": self._anybody,
        }

    async def _newcomer(self, person: Person, draw: Random) -> Fields:
        name = f"newcomer-{draw.getrandbits(64):x}"
        return {"username": name, "password": PASSWORD, "email": f"{name}@example.org"}

    async def _sign_in(self, person: Person, draw: Random) -> Fields:
        return {"username": (await self.crowd.one(draw)).name, "password": PASSWORD, "code": None}

    async def _refresh(self, person: Person, draw: Random) -> Fields:
        member = await self.crowd.one(draw)
        # It is used up, and with the next one comes nobody: a second use would end the session.
        self.crowd.lose(member)
        return {"refreshToken": member.tokens.refresh_token}

    async def _reset_request(self, person: Person, draw: Random) -> Fields:
        return {"username": (await self.crowd.one(draw)).name}

    async def _reset(self, person: Person, draw: Random) -> Fields:
        """A token as the service keeps it, where the mail would have taken it."""
        member, token = await self.crowd.another(), opaque.new("mp")
        ends_us = int((self.runtime.clock.now().timestamp() + one_time.RESET_SECONDS) * 1e6)
        async with self.runtime.database.transaction() as tx:
            await token_store.add(tx, one_time.RESET, opaque.kept(token), member.account_id, ends_us)
        return {"resetToken": token, "newPassword": _NEXT_PASSWORD}

    async def _start_with_provider(self, person: Person, draw: Random) -> Fields:
        return {"provider": NAME, "redirectUri": REDIRECT}

    async def _complete_with_provider(self, person: Person, draw: Random) -> Fields:
        state, code = await self.provider.approved(self.house.nobody.door)
        return {"state": state, "authorizationCode": code}

    async def _password(self, person: Person, draw: Random) -> Fields:
        return {"password": PASSWORD, "code": None}

    async def _address(self, person: Person, draw: Random) -> Fields:
        return {"password": PASSWORD, "email": f"{person.name}@example.org"}

    async def _change(self, person: Person, draw: Random) -> Fields:
        return {"password": PASSWORD, "newPassword": _NEXT_PASSWORD}

    async def _confirm(self, person: Person, draw: Random) -> Fields:
        request = accounts.StartSecondFactorRequest(password=PASSWORD)
        begun = await call(person, f"{_ACCOUNT}StartSecondFactor", request)
        return {"code": pyotp.TOTP(begun.secret).at(self.runtime.clock.now())}

    async def _remove_factor(self, person: Person, draw: Random) -> Fields:
        code = (await self._confirm(person, draw))["code"]
        request = accounts.ConfirmSecondFactorRequest(code=str(code))
        confirmed = await call(person, f"{_ACCOUNT}ConfirmSecondFactor", request)
        return {"password": PASSWORD, "code": confirmed.recovery_codes[0]}

    async def _session(self, person: Person, draw: Random) -> Fields:
        listed = await call(person, f"{_ACCOUNT}ListSessions", accounts.ListSessionsRequest())
        return {"sessionId": draw.choice(listed.sessions).session_id}

    async def _key(self, person: Person, draw: Random) -> Fields:
        return {"scopes": [draw.choice(("document:read", "quiz:write", "video:read"))]}

    async def _made_key(self, person: Person, draw: Random) -> Fields:
        request = accounts.CreateApiKeyRequest(name="reader", scopes=["document:read"])
        made = await call(person, f"{_ACCOUNT}CreateApiKey", request)
        return {"apiKeyId": made.api_key.api_key_id}

    async def _code(self, teacher: Person) -> str:
        """Many may use one code, and few are made in an hour."""
        if teacher.name not in self._invitations:
            request = accounts.CreateStudentInvitationRequest()
            made = await call(teacher, f"{_ACCOUNT}CreateStudentInvitation", request)
            self._invitations[teacher.name] = made.invitation_code
        return self._invitations[teacher.name]

    async def _linked(self, teacher: Person, student: Person) -> None:
        request = accounts.AcceptInvitationRequest(invitation_code=await self._code(teacher))
        await call(student, f"{_ACCOUNT}AcceptInvitation", request)

    async def _invitation(self, person: Person, draw: Random) -> Fields:
        return {"invitationCode": await self._code(self._other_teacher(person))}

    async def _student(self, person: Person, draw: Random) -> Fields:
        student = await self.crowd.one(draw)
        await self._linked(person, student)
        return {"accountId": student.account_id}

    async def _teacher(self, person: Person, draw: Random) -> Fields:
        teacher = self._other_teacher(person)
        await self._linked(teacher, person)
        return {"teacherId": teacher.account_id}

    def _other_teacher(self, person: Person) -> Person:
        return self.house.admin if person is self.house.teacher else self.house.teacher

    async def _anybody(self, person: Person, draw: Random) -> Fields:
        return {"accountId": (await self.crowd.another()).account_id}
