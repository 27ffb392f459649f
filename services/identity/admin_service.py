"""One short method for each RPC of AdminService."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2
from mootion.identity.v1 import admin_service_pb2 as messages
from mootion.identity.v1 import admin_service_pb2_grpc as rpc

from mesh import pages
from mesh.errors import precondition
from services.identity import link_store
from services.identity.account_store import StoredAccount
from services.identity.describe import account_message
from services.identity.desk import Desk
from services.identity.erasure import erase

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class AdminService(rpc.AdminServiceServicer):
    """What administrators do with accounts and keys."""

    desk: Desk

    async def ListAccounts(
        self, request: messages.ListAccountsRequest, context_: Context
    ) -> messages.ListAccountsResponse:
        size, after = (
            pages.page_size(request.page_size, default=20, most=100),
            pages.decode(request, int, str),
        )
        async with self.desk.runtime.database.reading() as reader:
            found = await self.desk.accounts.list(reader, request.username_prefix, after, size + 1)
        token = ""
        if len(found) > size:
            token = pages.encode(request, found[size - 1].created_us, found[size - 1].account_id)
        shown = [account_message(account, ()) for account in found[:size]]
        return messages.ListAccountsResponse(accounts=shown, next_page_token=token)

    async def ChangeAccount(
        self, request: messages.ChangeAccountRequest, context_: Context
    ) -> messages.ChangeAccountResponse:
        async with self.desk.runtime.database.transaction() as tx:
            # Before the account, so that two who change each other's follow one another.
            admins = await self.desk.accounts.admins(tx)
            account = changed = await self.desk.account(tx, request.account_id)
            if request.role:
                changed = changed.with_(role=request.role)
            if request.HasField("disabled"):
                changed = changed.with_(disabled=request.disabled)
            if changed.disabled or changed.role != account_pb2.ADMIN:
                _keep_an_admin(admins, account)
            await self.desk.accounts.save(tx, changed)
            if changed != account:
                await self.desk.sessions.end(tx, account.account_id)
            if changed.role == account_pb2.STUDENT:
                # Who let a teacher in did not let in whoever the account is made next.
                await link_store.unlink_all(tx, account.account_id)
            providers = await self.desk.accounts.providers_of(tx, account.account_id)
        return messages.ChangeAccountResponse(account=account_message(changed, providers))

    async def EraseAccount(
        self, request: messages.EraseAccountRequest, context_: Context
    ) -> messages.EraseAccountResponse:
        async with self.desk.runtime.database.transaction() as tx:
            admins = await self.desk.accounts.admins(tx)
            _keep_an_admin(admins, await self.desk.account(tx, request.account_id))
            await erase(self.desk, tx, request.account_id)
        await self.desk.runtime.replies.forget(request.account_id)
        return messages.EraseAccountResponse()

    async def RotateKeys(
        self, request: messages.RotateKeysRequest, context_: Context
    ) -> messages.RotateKeysResponse:
        return messages.RotateKeysResponse(key_id=await self.desk.keys.rotate(self.desk.runtime.clock.now()))


def _keep_an_admin(admins: Sequence[str], account: StoredAccount) -> None:
    if list(admins) == [account.account_id]:
        raise precondition(
            reason_pb2.REASON_LAST_ADMIN, "No administrator would be left. Make another one first."
        )
