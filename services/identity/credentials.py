"""Whether who signs in, or asks for something grave, is who the account belongs to."""

from dataclasses import dataclass

import grpc
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, exhausted
from mesh.ports.sql import Transaction
from mesh.runtime import Runtime
from services.identity import second_factor
from services.identity.account_store import AccountStore, StoredAccount
from services.identity.passwords import Passwords

# A name that is tried so often in a while has to wait, whoever tries; it is never locked.
ATTEMPTS, ATTEMPTS_SECONDS = 20, 600.0


@dataclass(frozen=True)
class Credentials:
    """Checks passwords and second factors."""

    runtime: Runtime
    accounts: AccountStore
    passwords: Passwords

    async def of_name(self, username: str, password: str, code: str) -> StoredAccount:
        """The account of a name, where the password and the second factor are right.

        Raises:
            CallError: WRONG_CREDENTIALS, SECOND_FACTOR_NEEDED, or RATE_LIMITED after many attempts.
        """
        await self._slow_down(username)
        async with self.runtime.database.reading() as reader:
            account = await self.accounts.find_by_name(reader, username)
        right = await self.passwords.is_right(account.password_hash if account else None, password)
        if account is None or not right or account.disabled:
            raise wrong_credentials()
        return await self._renewed(await self.with_second_factor(account, code), password)

    async def of_caller(self, account: StoredAccount, password: str) -> None:
        """Checks the password of somebody who is signed in. An account without one has nothing to check.

        Raises:
            CallError: WRONG_CREDENTIALS, or RATE_LIMITED after many attempts.
        """
        await self._slow_down(account.username)
        if account.password_hash is not None and not await self.passwords.is_right(
            account.password_hash, password
        ):
            raise wrong_credentials()

    async def with_second_factor(self, account: StoredAccount, code: str) -> StoredAccount:
        """The account, once the code of its second factor was used up; at once where it has none.

        Raises:
            CallError: SECOND_FACTOR_NEEDED, WRONG_CREDENTIALS.
        """
        if not account.totp_confirmed:
            return account
        if not code:
            raise CallError(
                grpc.StatusCode.UNAUTHENTICATED,
                reason_pb2.REASON_SECOND_FACTOR_NEEDED,
                "The account has a second factor. Call again with the code of the app, or a recovery code.",
            )
        async with self.runtime.database.transaction() as tx:
            used = await self._use_code(tx, account.account_id, code)
        if used is None:
            raise wrong_credentials()
        return used

    async def _use_code(self, tx: Transaction, account_id: str, code: str) -> StoredAccount | None:
        account = await self.accounts.find(tx, account_id)
        if account is None:
            return None
        now = self.runtime.clock.now().timestamp()
        step = second_factor.matching_step(account.totp_secret, code, now, account.totp_step)
        if step is not None:
            account = account.with_(totp_step=step)
            await self.accounts.save(tx, account)
            return account
        code_hash = second_factor.recovery_hash(account_id, code)
        return account if await self.accounts.use_recovery_code(tx, account_id, code_hash) else None

    async def _renewed(self, account: StoredAccount, password: str) -> StoredAccount:
        """The account with its password hashed again, where the hash is of an older kind."""
        if account.password_hash is None or not self.passwords.is_outdated(account.password_hash):
            return account
        account = account.with_(password_hash=await self.passwords.hash(password))
        async with self.runtime.database.transaction() as tx:
            await self.accounts.save(tx, account)
        return account

    async def _slow_down(self, username: str) -> None:
        key = f"sign-in:{username.casefold()}"
        taken = await self.runtime.limits.take(key, 1, ATTEMPTS, ATTEMPTS_SECONDS)
        if not taken.admitted:
            raise exhausted(
                reason_pb2.REASON_RATE_LIMITED,
                "There were too many attempts to sign in with this name. Wait, or reset the password.",
                taken.retry_after_seconds,
            )


def wrong_credentials() -> CallError:
    """One answer for a wrong name, password, code and a disabled account: nobody learns which it was."""
    return CallError(
        grpc.StatusCode.UNAUTHENTICATED,
        reason_pb2.REASON_WRONG_CREDENTIALS,
        "Name, password or code is wrong, or the account may not sign in.",
    )
