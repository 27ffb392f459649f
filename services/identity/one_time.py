"""Tokens for one use: password resets and invitations of teachers."""

from mootion.identity.v1 import account_pb2

from mesh.errors import not_found
from mesh.ports.sql import Transaction
from services.identity import link_store, opaque, token_store
from services.identity.account_store import StoredAccount
from services.identity.desk import Desk
from services.identity.passwords import check_strength
from services.identity.sessions import token_invalid

RESET_SECONDS = 1800
# As long as a token lives no more are sent: whoever has to wait has some that are good.
RESETS = 5
# Owner of a token that opens nothing.
NOBODY = ""
INVITATION_SECONDS = 7 * 86400
RESET, INVITATION = "reset", "invitation"


async def send_reset(desk: Desk, username: str) -> None:
    """Sends a reset token to the address of the account, where there is both, but no more than a few at a time.

    For a name without, a token that opens nothing is kept: the answer says as much, and takes as long.
    """
    key = f"reset:{username.casefold()}"
    if not (await desk.runtime.limits.take(key, 1, RESETS, RESET_SECONDS)).admitted:
        return
    token, ends_us = opaque.new("mp"), _ends(desk, RESET_SECONDS)
    async with desk.runtime.database.transaction() as tx:
        account = await desk.accounts.find_by_name(tx, username)
        reached = account if account is not None and account.email else None
        owner = reached.account_id if reached is not None else NOBODY
        await token_store.add(tx, RESET, opaque.kept(token), owner, ends_us)
    if reached is not None:
        desk.mail.send_soon(
            reached.email, "Reset your Mootion password", _reset_text(reached.username, token)
        )


async def reset_password(desk: Desk, token: str, new_password: str) -> str:
    """Sets a password by a reset token and ends every session; gives the id of the account.

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
        account = await desk.accounts.find(tx, account.account_id)
        used = await token_store.use(tx, RESET, opaque.kept(token), desk.now_us())
        if account is None or used is None:
            raise token_invalid("It was used.")
        await set_password(desk, tx, account, password_hash)
    return account.account_id


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


async def accept(desk: Desk, code: str, student_id: str) -> str:
    """Links the student with the teacher of the code, whose name is returned.

    Raises:
        CallError: TOKEN_INVALID, or NOT_FOUND where the student's account is gone.
    """
    invited_by = await _teacher_of(desk, code)
    async with desk.runtime.database.transaction() as tx:
        held = await desk.accounts.hold(tx, student_id, *filter(None, [invited_by]))
        if student_id not in held:
            raise not_found("account", student_id)
        # The code may have gone with an account meanwhile.
        teacher_id = await token_store.find(tx, INVITATION, opaque.kept(code), desk.now_us())
        teacher = held.get(teacher_id or "")
        if teacher is None or not _may_teach(teacher) or teacher.account_id == student_id:
            raise token_invalid("Ask the teacher for a new code.")
        await link_store.link(tx, teacher.account_id, student_id, desk.now_us())
    return teacher.username


async def _teacher_of(desk: Desk, code: str) -> str | None:
    async with desk.runtime.database.reading() as reader:
        return await token_store.find(reader, INVITATION, opaque.kept(code), desk.now_us())


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
