"""Whether who signs in, or asks for something grave, is who the account belongs to."""

from dataclasses import dataclass

import grpc
import structlog
from mootion.audit.v1 import audit_service_pb2
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, exhausted
from mesh.ports.sql import Transaction
from mesh.runtime import Runtime
from services.identity import opaque, second_factor
from services.identity.account_store import AccountStore, StoredAccount
from services.identity.passwords import Passwords

# A name that is tried so often in a while has to wait, whoever tries; it is never locked.
ATTEMPTS, ATTEMPTS_SECONDS = 20, 600.0
# Of a million codes three are good at any time; whoever has a password guesses no more than so many of them in a day.
CODES, CODES_SECONDS = 50, 86_400.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Proof:
    """An account as it was when somebody proved to be its owner, and by what."""

    account: StoredAccount
    factors: tuple[audit_service_pb2.Factor.ValueType, ...]


@dataclass(frozen=True)
class Credentials:
    """Checks passwords and second factors."""

    runtime: Runtime
    accounts: AccountStore
    passwords: Passwords

    async def of_name(self, username: str, password: str, code: str) -> Proof:
        """The account of a name, where the password and the second factor are right.

        Raises:
            CallError: WRONG_CREDENTIALS, SECOND_FACTOR_NEEDED, or RATE_LIMITED after many attempts.
        """
        await self._slow_down(username)
        async with self.runtime.database.reading() as reader:
            account = await self.accounts.find_by_name(reader, username)
        right = await self.passwords.is_right(account.password_hash if account else None, password)
        if account is None or not right or account.disabled:
            _say_refused(account, "disabled" if right else factor_name(audit_service_pb2.PASSWORD))
            raise wrong_credentials()
        proof = await self.with_second_factor(account, code)
        return Proof(await self._renewed(proof.account, password), proof.factors)

    async def held(self, tx: Transaction, proved: StoredAccount) -> StoredAccount:
        """The account as it is now and stays until the unit of work ends: no proof that counts no more does anything.

        Args:
            proved: the account as it was when the proof was looked at.

        Raises:
            CallError: WRONG_CREDENTIALS: meanwhile it was erased or disabled, or got another password.
        """
        account = await self.accounts.find(tx, proved.account_id)
        if account is None or account.disabled or account.password_hash != proved.password_hash:
            raise wrong_credentials()
        return account

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

    async def with_second_factor(self, account: StoredAccount, code: str) -> Proof:
        """What is proved, once the code of the second factor was used up; at once where the account has none.

        Args:
            account: as it was when its password was right.

        Raises:
            CallError: SECOND_FACTOR_NEEDED, WRONG_CREDENTIALS, or RATE_LIMITED after many codes.
        """
        if not account.totp_confirmed:
            return Proof(account, (audit_service_pb2.PASSWORD,))
        if not code:
            raise CallError(
                grpc.StatusCode.UNAUTHENTICATED,
                reason_pb2.REASON_SECOND_FACTOR_NEEDED,
                "The account has a second factor. Call again with the code of the app, or a recovery code.",
            )
        await self._slow_down_codes(account)
        async with self.runtime.database.transaction() as tx:
            account = await self.held(tx, account)
            proof = await self._use_code(tx, account, code)
        if proof is None:
            _say_refused(account, factor_name(audit_service_pb2.TOTP))
            raise wrong_credentials()
        return proof

    async def _use_code(self, tx: Transaction, account: StoredAccount, code: str) -> Proof | None:
        now = self.runtime.clock.now().timestamp()
        step = second_factor.matching_step(account.totp_secret, code, now, account.totp_step)
        if step is not None:
            account = account.with_(totp_step=step)
            await self.accounts.save(tx, account)
            return Proof(account, (audit_service_pb2.PASSWORD, audit_service_pb2.TOTP))
        code_hash = second_factor.recovery_hash(account.account_id, code)
        if not await self.accounts.use_recovery_code(tx, account.account_id, code_hash):
            return None
        return Proof(account, (audit_service_pb2.PASSWORD, audit_service_pb2.RECOVERY_CODE))

    async def _renewed(self, account: StoredAccount, password: str) -> StoredAccount:
        """The account with its password hashed again, where the hash is of an older kind."""
        if account.password_hash is None or not self.passwords.is_outdated(account.password_hash):
            return account
        password_hash = await self.passwords.hash(password)
        async with self.runtime.database.transaction() as tx:
            now = await self.accounts.find(tx, account.account_id)
            if now is not None and now.password_hash == account.password_hash:
                now = now.with_(password_hash=password_hash)
                await self.accounts.save(tx, now)
                return now
        # Another sign-in of the same moment may have hashed it again first.
        if now is None or not await self.passwords.is_right(now.password_hash, password):
            raise wrong_credentials()
        return now

    async def _slow_down(self, username: str) -> None:
        key = f"sign-in:{username.casefold()}"
        taken = await self.runtime.limits.take(key, 1, ATTEMPTS, ATTEMPTS_SECONDS)
        if not taken.admitted:
            raise exhausted(
                reason_pb2.REASON_RATE_LIMITED,
                "There were too many attempts to sign in with this name. Wait, or reset the password.",
                taken.retry_after_seconds,
            )

    async def _slow_down_codes(self, account: StoredAccount) -> None:
        # A new password begins anew: whoever knew the one before keeps nobody out.
        key = f"code:{account.account_id}:{opaque.kept(account.password_hash or '')}"
        taken = await self.runtime.limits.take(key, 1, CODES, CODES_SECONDS)
        if not taken.admitted:
            raise exhausted(
                reason_pb2.REASON_RATE_LIMITED,
                "There were too many codes with this password. Wait, or reset the password.",
                taken.retry_after_seconds,
            )


def factor_name(factor: audit_service_pb2.Factor.ValueType) -> str:
    """As the log has it, such as `recovery_code`."""
    return audit_service_pb2.Factor.Name(factor).lower()


def _say_refused(account: StoredAccount | None, why: str) -> None:
    """For the log alone: callers get one answer whatever was wrong."""
    log.info("sign_in_refused", account=account.account_id if account is not None else "", wrong=why)


def wrong_credentials() -> CallError:
    """One answer for a wrong name, password, code and a disabled account: nobody learns which it was."""
    return CallError(
        grpc.StatusCode.UNAUTHENTICATED,
        reason_pb2.REASON_WRONG_CREDENTIALS,
        "Name, password or code is wrong, or the account may not sign in.",
    )
