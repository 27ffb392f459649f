"""What the methods of the identity service work with, put together once."""

from dataclasses import dataclass

from mootion.identity.v1 import account_pb2

from mesh import context
from mesh.errors import not_found
from mesh.ports.sql import Reader
from mesh.runtime import Runtime
from mesh.sealing import Sealer
from services.identity.account_store import AccountStore, StoredAccount
from services.identity.credentials import Credentials
from services.identity.mail import Mail
from services.identity.passwords import Passwords
from services.identity.providers import Providers
from services.identity.session_store import SessionStore
from services.identity.sessions import Sessions
from services.identity.signing import SigningKeys


@dataclass(frozen=True)
class Desk:
    """Every part of the service."""

    runtime: Runtime
    sealer: Sealer
    accounts: AccountStore
    passwords: Passwords
    credentials: Credentials
    sessions: Sessions
    keys: SigningKeys
    providers: Providers
    mail: Mail

    @classmethod
    def build(cls, runtime: Runtime) -> "Desk":
        """Puts the parts together."""
        sealer = runtime.sealer
        accounts, passwords = AccountStore(sealer), Passwords()
        keys = SigningKeys(runtime.database, sealer, runtime.ids)
        return cls(
            runtime=runtime,
            sealer=sealer,
            accounts=accounts,
            passwords=passwords,
            credentials=Credentials(runtime, accounts, passwords),
            sessions=Sessions(runtime, accounts, SessionStore(sealer), keys),
            keys=keys,
            providers=Providers.from_settings(runtime, accounts, sealer),
            mail=Mail.from_settings(runtime.settings),
        )

    def new_account(
        self, username: str, password_hash: str | None, email: str = "", display_name: str = ""
    ) -> StoredAccount:
        """An account that was not stored yet, with the role STUDENT."""
        return StoredAccount(
            account_id=self.runtime.ids.new(),
            username=username,
            role=account_pb2.STUDENT,
            created_us=self.now_us(),
            email=email,
            display_name=display_name,
            password_hash=password_hash,
        )

    async def caller(self, reader: Reader) -> StoredAccount:
        """The account of whoever calls. Raises CallError: NOT_FOUND for one that is gone, and for `local`."""
        return await self.account(reader, context.principal_id())

    async def account(self, reader: Reader, account_id: str) -> StoredAccount:
        """The account of that id. Raises CallError: NOT_FOUND."""
        found = await self.accounts.find(reader, account_id)
        if found is None:
            raise not_found("account", account_id)
        return found

    def now_us(self) -> int:
        """Microseconds since 1970."""
        return int(self.runtime.clock.now().timestamp() * 1e6)
