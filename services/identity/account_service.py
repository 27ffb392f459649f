"""One short method for each RPC of AccountService."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from mootion.identity.v1 import account_pb2
from mootion.identity.v1 import account_service_pb2 as messages
from mootion.identity.v1 import account_service_pb2_grpc as rpc

from mesh import context
from mesh.errors import not_found
from mesh.ports.sql import Reader, Transaction
from services.identity import (
    administrators,
    api_keys,
    link_store,
    one_time,
    second_factor,
    session_store,
    token_store,
)
from services.identity.account_store import StoredAccount
from services.identity.credentials import wrong_credentials
from services.identity.describe import account_message, session_message, student_message, teacher_message
from services.identity.desk import Desk
from services.identity.erasure import erase
from services.identity.export import exported
from services.identity.listing import Place, page
from services.identity.passwords import check_strength

Context = grpc.aio.ServicerContext[object, object]
One = TypeVar("One")
# Lists what belongs to an account, from behind a place on.
_Mine = Callable[[Reader, str, Place | None, int], Awaitable[Sequence[One]]]


@dataclass(frozen=True)
class AccountService(rpc.AccountServiceServicer):
    """What a person does with its own account."""

    desk: Desk

    async def GetAccount(
        self, request: messages.GetAccountRequest, context_: Context
    ) -> messages.GetAccountResponse:
        async with self.desk.runtime.database.reading() as reader:
            return messages.GetAccountResponse(account=await self._described(reader))

    async def UpdateAccount(
        self, request: messages.UpdateAccountRequest, context_: Context
    ) -> messages.UpdateAccountResponse:
        checked = await self._checked(request.password) if request.HasField("email") else None
        async with self.desk.runtime.database.transaction() as tx:
            account = await (self._held(tx, checked) if checked is not None else self.desk.caller(tx))
            if request.HasField("email"):
                account = account.with_(email=request.email)
                await token_store.withdraw(tx, one_time.RESET, account.account_id)
            if request.HasField("display_name"):
                account = account.with_(display_name=request.display_name)
            await self.desk.accounts.save(tx, account)
            return messages.UpdateAccountResponse(account=await self._described(tx))

    async def ExportAccount(
        self, request: messages.ExportAccountRequest, context_: Context
    ) -> messages.ExportAccountResponse:
        async with self.desk.runtime.database.reading() as reader:
            export = await exported(self.desk, reader, await self._described(reader))
        return messages.ExportAccountResponse(json=json.dumps(export, ensure_ascii=False, indent=1))

    async def DeleteAccount(
        self, request: messages.DeleteAccountRequest, context_: Context
    ) -> messages.DeleteAccountResponse:
        account = await self._confirmed(request.password, request.code)
        async with self.desk.runtime.database.transaction() as tx:
            _, admins = await administrators.held_with_admins(self.desk, tx, account.account_id)
            administrators.keep_one(admins, without=account.account_id)
            await self._held(tx, account)
            await erase(self.desk, tx, account.account_id)
        await self.desk.runtime.replies.forget(account.account_id)
        return messages.DeleteAccountResponse()

    async def ChangePassword(
        self, request: messages.ChangePasswordRequest, context_: Context
    ) -> messages.ChangePasswordResponse:
        account = await self._checked(request.password)
        check_strength(request.new_password, account.username)
        password_hash = await self.desk.passwords.hash(request.new_password)
        async with self.desk.runtime.database.transaction() as tx:
            account = await self._held(tx, account)
            here = context.client().session_id
            await one_time.set_password(self.desk, tx, account, password_hash, stays=here)
        return messages.ChangePasswordResponse()

    async def StartSecondFactor(
        self, request: messages.StartSecondFactorRequest, context_: Context
    ) -> messages.StartSecondFactorResponse:
        checked = await self._checked(request.password)
        secret = second_factor.new_secret()
        async with self.desk.runtime.database.transaction() as tx:
            account = await self._held(tx, checked)
            if account.totp_confirmed:
                raise wrong_credentials()
            await self.desk.accounts.save(tx, account.with_(totp_secret=secret, totp_step=0))
        return messages.StartSecondFactorResponse(
            secret=secret, uri=second_factor.address(secret, account.username)
        )

    async def ConfirmSecondFactor(
        self, request: messages.ConfirmSecondFactorRequest, context_: Context
    ) -> messages.ConfirmSecondFactorResponse:
        now, codes = self.desk.runtime.clock.now().timestamp(), second_factor.new_recovery_codes()
        async with self.desk.runtime.database.transaction() as tx:
            account = await self.desk.caller(tx)
            step = None
            if account.totp_secret and not account.totp_confirmed:
                step = second_factor.matching_step(account.totp_secret, request.code, now, account.totp_step)
            if step is None:
                raise wrong_credentials()
            await self.desk.accounts.save(tx, account.with_(totp_confirmed=True, totp_step=step))
            hashes = [second_factor.recovery_hash(account.account_id, code) for code in codes]
            await self.desk.accounts.set_recovery_codes(tx, account.account_id, hashes)
        return messages.ConfirmSecondFactorResponse(recovery_codes=codes)

    async def RemoveSecondFactor(
        self, request: messages.RemoveSecondFactorRequest, context_: Context
    ) -> messages.RemoveSecondFactorResponse:
        confirmed = await self._confirmed(request.password, request.code)
        async with self.desk.runtime.database.transaction() as tx:
            account = await self._held(tx, confirmed)
            await self.desk.accounts.save(
                tx, account.with_(totp_secret="", totp_confirmed=False, totp_step=0)
            )
            await self.desk.accounts.set_recovery_codes(tx, account.account_id, ())
        return messages.RemoveSecondFactorResponse()

    async def ListSessions(
        self, request: messages.ListSessionsRequest, context_: Context
    ) -> messages.ListSessionsResponse:
        following = partial(self.desk.sessions.store.list, now_us=self.desk.now_us())
        found, token = await self._page(request, following, session_store.place_of)
        current = context.client().session_id
        shown = [session_message(one, current) for one in found]
        return messages.ListSessionsResponse(sessions=shown, next_page_token=token)

    async def RevokeSession(
        self, request: messages.RevokeSessionRequest, context_: Context
    ) -> messages.RevokeSessionResponse:
        async with self.desk.runtime.database.transaction() as tx:
            if not await self.desk.sessions.end(tx, context.principal_id(), only=request.session_id):
                raise not_found("session", request.session_id)
        return messages.RevokeSessionResponse()

    async def CreateApiKey(
        self, request: messages.CreateApiKeyRequest, context_: Context
    ) -> messages.CreateApiKeyResponse:
        async with self.desk.runtime.database.transaction() as tx:
            account = await self.desk.caller(tx)
            reply = await api_keys.create(self.desk, tx, account.account_id, request)
            tx.remember(reply)
        return reply

    async def ListApiKeys(
        self, request: messages.ListApiKeysRequest, context_: Context
    ) -> messages.ListApiKeysResponse:
        rows, token = await self._page(request, token_store.list_api_keys, token_store.place_of_key)
        return messages.ListApiKeysResponse(api_keys=api_keys.described(rows), next_page_token=token)

    async def DeleteApiKey(
        self, request: messages.DeleteApiKeyRequest, context_: Context
    ) -> messages.DeleteApiKeyResponse:
        async with self.desk.runtime.database.transaction() as tx:
            if not await token_store.remove_api_key(tx, context.principal_id(), request.api_key_id):
                raise not_found("API key", request.api_key_id)
        return messages.DeleteApiKeyResponse()

    async def CreateStudentInvitation(
        self, request: messages.CreateStudentInvitationRequest, context_: Context
    ) -> messages.CreateStudentInvitationResponse:
        async with self.desk.runtime.database.transaction() as tx:
            teacher = await self.desk.caller(tx)
            code, ends_us = await one_time.invite(self.desk, tx, teacher.account_id)
            reply = messages.CreateStudentInvitationResponse(invitation_code=code)
            reply.expire_time.FromMicroseconds(ends_us)
            tx.remember(reply)
        return reply

    async def AcceptInvitation(
        self, request: messages.AcceptInvitationRequest, context_: Context
    ) -> messages.AcceptInvitationResponse:
        teacher = await one_time.accept(self.desk, request.invitation_code, context.principal_id())
        return messages.AcceptInvitationResponse(teacher_username=teacher)

    async def ListStudents(
        self, request: messages.ListStudentsRequest, context_: Context
    ) -> messages.ListStudentsResponse:
        rows, token = await self._page(request, link_store.students_of, link_store.place_of)
        return messages.ListStudentsResponse(students=map(student_message, rows), next_page_token=token)

    async def RemoveStudent(
        self, request: messages.RemoveStudentRequest, context_: Context
    ) -> messages.RemoveStudentResponse:
        async with self.desk.runtime.database.transaction() as tx:
            if not await link_store.unlink(tx, context.principal_id(), request.account_id):
                raise not_found("student", request.account_id)
        return messages.RemoveStudentResponse()

    async def ListTeachers(
        self, request: messages.ListTeachersRequest, context_: Context
    ) -> messages.ListTeachersResponse:
        rows, token = await self._page(request, link_store.teachers_of, link_store.place_of)
        return messages.ListTeachersResponse(teachers=map(teacher_message, rows), next_page_token=token)

    async def RemoveTeacher(
        self, request: messages.RemoveTeacherRequest, context_: Context
    ) -> messages.RemoveTeacherResponse:
        async with self.desk.runtime.database.transaction() as tx:
            if not await link_store.unlink(tx, request.teacher_id, context.principal_id()):
                raise not_found("teacher", request.teacher_id)
        return messages.RemoveTeacherResponse()

    async def _page(
        self, request: Message, mine: _Mine[One], place_of: Callable[[One], Place]
    ) -> tuple[Sequence[One], str]:
        """A page of what is the caller's, and the token of the next."""
        me = context.principal_id()
        return await page(
            self.desk.runtime.database,
            request,
            lambda reader, after, limit: mine(reader, me, after, limit),
            place_of,
        )

    async def _described(self, reader: Reader) -> account_pb2.Account:
        account = await self.desk.caller(reader)
        return account_message(account, await self.desk.accounts.providers_of(reader, account.account_id))

    async def _checked(self, password: str) -> StoredAccount:
        """The caller's account, once its password was checked."""
        async with self.desk.runtime.database.reading() as reader:
            account = await self.desk.caller(reader)
        await self.desk.credentials.of_caller(account, password)
        return account

    async def _confirmed(self, password: str, code: str) -> StoredAccount:
        """The caller's account, once its password and second factor were checked."""
        checked = await self._checked(password)
        return (await self.desk.credentials.with_second_factor(checked, code)).account

    async def _held(self, tx: Transaction, checked: StoredAccount) -> StoredAccount:
        return await self.desk.credentials.held(tx, checked)
