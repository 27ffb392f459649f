"""One short method for each RPC of IdentityService."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
import structlog
from mootion.audit.v1 import audit_service_pb2
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2
from mootion.identity.v1 import identity_service_pb2 as messages
from mootion.identity.v1 import identity_service_pb2_grpc as rpc

from mesh import context
from mesh.errors import CallError
from mesh.ports.sql import Transaction
from services.identity import cookies, one_time
from services.identity.account_store import StoredAccount, UsernameTaken
from services.identity.credentials import factor_name
from services.identity.describe import account_message
from services.identity.desk import Desk
from services.identity.passwords import check_strength
from services.identity.sessions import token_invalid

Context = grpc.aio.ServicerContext[object, object]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IdentityService(rpc.IdentityServiceServicer):
    """Accounts come in and go out."""

    desk: Desk

    async def Register(
        self, request: messages.RegisterRequest, context_: Context
    ) -> messages.RegisterResponse:
        cookies.check_site(context_, as_cookies=request.use_cookies)
        check_strength(request.password, request.username)
        account = self.desk.new_account(
            request.username,
            await self.desk.passwords.hash(request.password),
            request.email,
            request.display_name,
        )
        try:
            async with self.desk.runtime.database.transaction() as tx:
                await self.desk.accounts.add(tx, account)
                tokens = await self.desk.sessions.open(tx, account)
                reply = messages.RegisterResponse(account=account_message(account, ()), tokens=tokens)
                if not request.use_cookies:
                    tx.remember(reply)
        except UsernameTaken:
            raise _username_taken(request.username) from None
        _say_signed_in(account, (audit_service_pb2.PASSWORD,))
        handed = await cookies.hand_over(context_, tokens, as_cookies=request.use_cookies)
        return messages.RegisterResponse(account=reply.account, tokens=handed)

    async def Login(self, request: messages.LoginRequest, context_: Context) -> messages.LoginResponse:
        cookies.check_site(context_, as_cookies=request.use_cookies)
        proof = await self.desk.credentials.of_name(request.username, request.password, request.code)
        async with self.desk.runtime.database.transaction() as tx:
            account = await self.desk.credentials.held(tx, proof.account)
            tokens = await self.desk.sessions.open(tx, account)
            reply = messages.LoginResponse(account=await self._described(tx, account), tokens=tokens)
            if not request.use_cookies:
                tx.remember(reply)
        _say_signed_in(account, proof.factors)
        handed = await cookies.hand_over(context_, tokens, as_cookies=request.use_cookies)
        return messages.LoginResponse(account=reply.account, tokens=handed)

    async def RefreshTokens(
        self, request: messages.RefreshTokensRequest, context_: Context
    ) -> messages.RefreshTokensResponse:
        cookies.check_site(context_, as_cookies=request.use_cookies)
        refresh = request.refresh_token or cookies.refresh_token_of(context_)
        if not refresh:
            raise token_invalid("None was given.")
        account_id, tokens = await self.desk.sessions.renew(refresh)
        # What came as a cookie, which no script reads, goes back as one: else a script could have it read out.
        as_cookies = request.use_cookies or not request.refresh_token
        handed = await cookies.hand_over(context_, tokens, as_cookies=as_cookies)
        return messages.RefreshTokensResponse(tokens=handed, account_id=account_id)

    async def Logout(self, request: messages.LogoutRequest, context_: Context) -> messages.LogoutResponse:
        async with self.desk.runtime.database.transaction() as tx:
            await self.desk.sessions.end(tx, context.principal_id(), only=context.client().session_id)
        await cookies.take_back(context_)
        return messages.LogoutResponse()

    async def RequestPasswordReset(
        self, request: messages.RequestPasswordResetRequest, context_: Context
    ) -> messages.RequestPasswordResetResponse:
        await one_time.send_reset(self.desk, request.username)
        return messages.RequestPasswordResetResponse()

    async def ResetPassword(
        self, request: messages.ResetPasswordRequest, context_: Context
    ) -> messages.ResetPasswordResponse:
        account_id = await one_time.reset_password(self.desk, request.reset_token, request.new_password)
        return messages.ResetPasswordResponse(account_id=account_id)

    async def StartSignIn(
        self, request: messages.StartSignInRequest, context_: Context
    ) -> messages.StartSignInResponse:
        url, state = await self.desk.providers.start(request.provider, request.redirect_uri)
        return messages.StartSignInResponse(authorization_url=url, state=state)

    async def CompleteSignIn(
        self, request: messages.CompleteSignInRequest, context_: Context
    ) -> messages.CompleteSignInResponse:
        cookies.check_site(context_, as_cookies=request.use_cookies)
        proved = await self.desk.providers.complete(request.state, request.authorization_code)
        async with self.desk.runtime.database.transaction() as tx:
            account = await self.desk.credentials.held(tx, proved)
            tokens = await self.desk.sessions.open(tx, account)
            described = await self._described(tx, account)
        _say_signed_in(account, (audit_service_pb2.PROVIDER,))
        handed = await cookies.hand_over(context_, tokens, as_cookies=request.use_cookies)
        return messages.CompleteSignInResponse(account=described, tokens=handed)

    async def _described(self, tx: Transaction, account: StoredAccount) -> account_pb2.Account:
        return account_message(account, await self.desk.accounts.providers_of(tx, account.account_id))


def _say_signed_in(account: StoredAccount, factors: Sequence[audit_service_pb2.Factor.ValueType]) -> None:
    """For the log and the audit log."""
    context.note_factors(factors)
    log.info("signed_in", account=account.account_id, factors=[factor_name(factor) for factor in factors])


def _username_taken(username: str) -> CallError:
    return CallError(
        grpc.StatusCode.ALREADY_EXISTS,
        reason_pb2.REASON_USERNAME_TAKEN,
        f"There is an account with the name {username!r} already. Choose another.",
    )
