"""Tokens for one use: password resets and invitations of teachers."""

from mootion.identity.v1 import account_pb2

from mesh.ports.sql import Transaction
from services.identity import link_store, opaque, token_store
from services.identity.account_store import StoredAccount
from services.identity.desk import Desk
from services.identity.passwords import check_strength
from services.identity.sessions import token_invalid

RESET_SECONDS = 1800
INVITATION_SECONDS = 7 * 86400
RESET, INVITATION = "reset", "invitation"


async def send_reset(desk: Desk, username: str) -> None:
    """Sends a reset token to the address of the account, where there is both."""
    async with desk.runtime.database.transaction() as tx:
        account = await desk.accounts.find_by_name(tx, username)
        token = opaque.new("mp")
        if account is not None and account.email:
            await token_store.add(
                tx, RESET, opaque.kept(token), account.account_id, _ends(desk, RESET_SECONDS)
            )
    if account is not None and account.email:
        desk.mail.send_soon(
            account.email, "Reset your Mootion password", _reset_text(account.username, token)
        )


async def reset_password(desk: Desk, token: str, new_password: str) -> None:
    """Sets a password by a reset token and ends every session.

    Raises:
        CallError: TOKEN_INVALID, WEAK_PASSWORD.
    """
    async with desk.runtime.database.reading() as reader:
        found = await token_store.find(reader, RESET, opaque.kept(token), desk.now_us())
        account = await desk.accounts.find(reader, found) if found else None
    if account is None:
        raise token_invalid("It is none of ours, was used, or has ended.")
    check_strength(new_password, account.username)
    password_hash = await desk.passwords.hash(new_password)
    async with desk.runtime.database.transaction() as tx:
        if await token_store.use(tx, RESET, opaque.kept(token), desk.now_us()) is None:
            raise token_invalid("It was used.")
        account = await desk.account(tx, account.account_id)
        await set_password(desk, tx, account, password_hash)


async def set_password(
    desk: Desk, tx: Transaction, account: StoredAccount, password_hash: str, stays: str = ""
) -> None:
    """Gives an account another password, and ends what the one before, or a code sent for it, could still open.

    Args:
        stays: the session that goes on.
    """
    await desk.accounts.save(tx, account.with_(password_hash=password_hash))
    await token_store.withdraw(tx, RESET, account.account_id)
    await desk.sessions.end(tx, account.account_id, all_but=stays)


async def invite(desk: Desk, tx: Transaction, teacher_id: str) -> tuple[str, int]:
    """A code by which students let a teacher see their work, and when it ends in microseconds. Many may use it."""
    code, ends_us = opaque.new("mi"), _ends(desk, INVITATION_SECONDS)
    await token_store.add(tx, INVITATION, opaque.kept(code), teacher_id, ends_us)
    return code, ends_us


async def accept(desk: Desk, tx: Transaction, code: str, student_id: str) -> str:
    """Links the student with the teacher of the code, whose name is returned.

    Raises:
        CallError: TOKEN_INVALID.
    """
    teacher_id = await token_store.find(tx, INVITATION, opaque.kept(code), desk.now_us())
    teacher = await desk.accounts.find(tx, teacher_id) if teacher_id else None
    if teacher is None or not _may_teach(teacher) or teacher.account_id == student_id:
        raise token_invalid("Ask the teacher for a new code.")
    await link_store.link(tx, teacher.account_id, student_id, desk.now_us())
    return teacher.username


def _may_teach(account: StoredAccount) -> bool:
    return account.role != account_pb2.STUDENT and not account.disabled


def _ends(desk: Desk, seconds: int) -> int:
    return desk.now_us() + seconds * 1_000_000


def _reset_text(username: str, token: str) -> str:
    minutes = RESET_SECONDS // 60
    return (
        f"Somebody asked to reset the password of {username}. If it was you, use this code within "
        f"{minutes} minutes:\n\n"
        f"    {token}\n\nIf it was not you, do nothing: the password stays as it is.\n"
    )
