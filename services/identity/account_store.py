"""Rows of accounts, with what must not be read from the database sealed on the way in and opened on the way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mootion.identity.v1 import account_pb2
from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from mesh.ports.sql import Reader, Transaction
from mesh.sealing import Sealer
from services.identity.listing import Place
from services.identity.removal import remove
from services.identity.store import (
    accounts,
    api_keys,
    one_time_tokens,
    providers,
    recovery_codes,
    students,
)


class UsernameTaken(Exception):
    """An account has this name, without regard to case."""


class SubjectTaken(Exception):
    """An account is linked with this subject of a provider already."""


@dataclass(frozen=True)
class StoredAccount:
    """An account as the service works with it. `totp_step` is the time step of the last code that was accepted."""

    account_id: str
    username: str
    role: account_pb2.Role.ValueType
    created_us: int
    email: str = ""
    display_name: str = ""
    disabled: bool = False
    password_hash: str | None = None
    totp_secret: str = ""
    totp_confirmed: bool = False
    totp_step: int = 0

    def with_(self, **changes: Any) -> "StoredAccount":
        """A changed copy."""
        return replace(self, **changes)


@dataclass(frozen=True)
class AccountStore:
    """Reads and writes accounts."""

    sealer: Sealer

    async def add(self, tx: Transaction, account: StoredAccount) -> None:
        """Stores a new account. Raises UsernameTaken; the transaction has to end then."""
        values = self._values(account) | {
            "account_id": account.account_id,
            "username": account.username,
            "username_key": account.username.casefold(),
            "created_us": account.created_us,
        }
        try:
            await tx.execute(insert(accounts).values(values))
        except IntegrityError as error:
            raise UsernameTaken(account.username) from error

    async def save(self, tx: Transaction, account: StoredAccount) -> None:
        """Stores a changed account."""
        mine = accounts.c.account_id == account.account_id
        await tx.execute(update(accounts).where(mine).values(self._values(account)))

    async def find(self, reader: Reader, account_id: str) -> StoredAccount | None:
        """The account of that id."""
        row = (await reader.execute(select(accounts).where(accounts.c.account_id == account_id))).first()
        return None if row is None else self._account(row)

    async def find_by_name(self, reader: Reader, username: str) -> StoredAccount | None:
        """The account of that name, in whatever case."""
        named = select(accounts).where(accounts.c.username_key == username.casefold())
        row = (await reader.execute(named)).first()
        return None if row is None else self._account(row)

    async def list(
        self, reader: Reader, prefix: str, after: Place | None, limit: int
    ) -> Sequence[StoredAccount]:
        """Accounts whose name begins so, newest first, from behind `after` (creation, id)."""
        statement = select(accounts)
        if prefix:
            low = prefix.casefold()
            statement = statement.where(accounts.c.username_key.between(low, low + "\U0010ffff"))
        if after is not None:
            created_us, account_id = after
            same = and_(accounts.c.created_us == created_us, accounts.c.account_id < account_id)
            statement = statement.where(or_(accounts.c.created_us < created_us, same))
        ordered = statement.order_by(accounts.c.created_us.desc(), accounts.c.account_id.desc())
        return [self._account(row) for row in await reader.execute(ordered.limit(limit))]

    async def hold(
        self, tx: Transaction, *account_ids: str, and_admins: bool = False
    ) -> Mapping[str, StoredAccount]:
        """Those of the accounts that there are, by id; they stay as they are until the unit of work ends.

        What concerns more than one account asks for all of them at once; `store` says why.

        Args:
            and_admins: the admins who may sign in too.
        """
        wanted: ColumnElement[bool] = accounts.c.account_id.in_(account_ids)
        if and_admins:
            wanted = or_(wanted, and_(accounts.c.role == account_pb2.ADMIN, accounts.c.disabled.is_(False)))
        rows = await tx.execute(select(accounts).where(wanted).order_by(accounts.c.account_id))
        return {row.account_id: self._account(row) for row in rows}

    async def remove(self, tx: Transaction, account_id: str) -> None:
        """Removes an account and everything the service keeps about it but its sessions."""
        for table in (recovery_codes, one_time_tokens, api_keys, providers, accounts):
            await remove(tx, table, table.c.account_id == account_id)
        await remove(
            tx, students, or_(students.c.teacher_id == account_id, students.c.student_id == account_id)
        )

    async def providers_of(self, reader: Reader, account_id: str) -> Sequence[str]:
        """Names of the providers that are linked, in order."""
        linked = select(providers.c.provider).where(providers.c.account_id == account_id)
        return (await reader.execute(linked.order_by(providers.c.provider))).scalars().all()

    async def find_by_subject(self, reader: Reader, provider: str, subject: str) -> StoredAccount | None:
        """The account that a provider's subject is linked with."""
        linked = and_(providers.c.provider == provider, providers.c.subject == subject)
        joined = select(accounts).join(providers, providers.c.account_id == accounts.c.account_id)
        row = (await reader.execute(joined.where(linked))).first()
        return None if row is None else self._account(row)

    async def link_subject(self, tx: Transaction, provider: str, subject: str, account_id: str) -> None:
        """Links a provider's subject with an account. Raises SubjectTaken; the transaction has to end then."""
        link = {"provider": provider, "subject": subject, "account_id": account_id}
        row = tx.insert(providers).values(link)
        once = row.on_conflict_do_nothing(index_elements=["provider", "subject"])
        if (await tx.execute(once.returning(providers.c.account_id))).first() is None:
            raise SubjectTaken(provider)

    async def set_recovery_codes(self, tx: Transaction, account_id: str, hashes: Sequence[str]) -> None:
        """Puts recovery codes in place of those there were."""
        await tx.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
        if hashes:
            rows = [{"code_hash": code_hash, "account_id": account_id} for code_hash in hashes]
            await tx.execute(insert(recovery_codes), rows)

    async def use_recovery_code(self, tx: Transaction, account_id: str, code_hash: str) -> bool:
        """Uses up a recovery code. False: there is none such."""
        mine = and_(recovery_codes.c.code_hash == code_hash, recovery_codes.c.account_id == account_id)
        return (await tx.execute(delete(recovery_codes).where(mine))).rowcount == 1

    def _values(self, account: StoredAccount) -> dict[str, Any]:
        return {
            "sealed_email": self._seal(account, "email", account.email),
            "sealed_display_name": self._seal(account, "display_name", account.display_name),
            "role": account.role,
            "disabled": account.disabled,
            "password_hash": account.password_hash,
            "sealed_totp": self._seal(account, "totp", account.totp_secret),
            "totp_confirmed": account.totp_confirmed,
            "totp_step": account.totp_step,
        }

    def _seal(self, account: StoredAccount, field: str, value: str) -> bytes | None:
        return self.sealer.seal(value.encode(), f"account.{field}:{account.account_id}") if value else None

    def _open(self, row: Row[Any], field: str, sealed: bytes | None) -> str:
        if sealed is None:
            return ""
        return self.sealer.open(sealed, f"account.{field}:{row.account_id}").decode()

    def _account(self, row: Row[Any]) -> StoredAccount:
        return StoredAccount(
            account_id=row.account_id,
            username=row.username,
            role=row.role,
            created_us=row.created_us,
            email=self._open(row, "email", row.sealed_email),
            display_name=self._open(row, "display_name", row.sealed_display_name),
            disabled=row.disabled,
            password_hash=row.password_hash,
            totp_secret=self._open(row, "totp", row.sealed_totp),
            totp_confirmed=row.totp_confirmed,
            totp_step=row.totp_step,
        )


def place_of(account: StoredAccount) -> Place:
    """Where it stands in lists of accounts."""
    return account.created_us, account.account_id
