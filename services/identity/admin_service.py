"""One short method for each RPC of AdminService."""

from dataclasses import dataclass

import grpc
from mootion.identity.v1 import account_pb2
from mootion.identity.v1 import admin_service_pb2 as messages
from mootion.identity.v1 import admin_service_pb2_grpc as rpc

from services.identity import account_store, administrators, link_store
from services.identity.describe import account_message
from services.identity.desk import Desk
from services.identity.erasure import erase
from services.identity.listing import page

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class AdminService(rpc.AdminServiceServicer):
    """What administrators do with accounts and keys."""

    desk: Desk

    async def ListAccounts(
        self, request: messages.ListAccountsRequest, context_: Context
    ) -> messages.ListAccountsResponse:
        found, token = await page(
            self.desk.runtime.database,
            request,
            lambda reader, after, limit: self.desk.accounts.list(
                reader, request.username_prefix, after, limit
            ),
            account_store.place_of,
        )
        shown = [account_message(account, ()) for account in found]
        return messages.ListAccountsResponse(accounts=shown, next_page_token=token)

    async def ChangeAccount(
        self, request: messages.ChangeAccountRequest, context_: Context
    ) -> messages.ChangeAccountResponse:
        async with self.desk.runtime.database.transaction() as tx:
            account, admins = await administrators.held_with_admins(self.desk, tx, request.account_id)
            changed = account
            if request.role:
                changed = changed.with_(role=request.role)
            if request.HasField("disabled"):
                changed = changed.with_(disabled=request.disabled)
            if changed.disabled or changed.role != account_pb2.ADMIN:
                administrators.keep_one(admins, without=account.account_id)
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
            _, admins = await administrators.held_with_admins(self.desk, tx, request.account_id)
            administrators.keep_one(admins, without=request.account_id)
            await erase(self.desk, tx, request.account_id)
        await self.desk.runtime.replies.forget(request.account_id)
        return messages.EraseAccountResponse()

    async def RotateKeys(
        self, request: messages.RotateKeysRequest, context_: Context
    ) -> messages.RotateKeysResponse:
        return messages.RotateKeysResponse(key_id=await self.desk.keys.rotate(self.desk.runtime.clock.now()))
