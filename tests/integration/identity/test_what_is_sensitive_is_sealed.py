"""Every field that a contract marks is sealed, hashed or not stored; and a new data key seals all of it again."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor import Descriptor
from mootion.identity.v1 import account_service_pb2
from mootion.policy.v1 import policy_pb2
from sqlalchemy import LargeBinary, MetaData, String, Table

from cli.data_key import COLUMNS, Resealed, rotate
from mesh.config import Secret, Settings
from mesh.policy import all_methods
from mesh.ports import tables
from mesh.ports.tables import audit_entries
from mesh.sealing import Unreadable
from mesh.secret_keys import DATA_KEY, OLD_DATA_KEYS
from mesh.testing import running
from services.audit.__main__ import build as build_audit
from services.identity import store
from services.identity.__main__ import build as build_identity
from tests.integration.identity.conftest import PASSWORD, House, Person

NOWHERE = ""
SEALED, HASHED = "sealed", "hash"
# Where the value of a marked field is kept, by the messages that carry it.
ACCOUNTS, TOKENS = "identity_accounts", "identity_one_time_tokens"
SESSION, ADDRESS = "identity_sessions.sealed_client", "audit_entries.sealed_address"
EMAIL, DISPLAY_NAME = f"{ACCOUNTS}.sealed_email", f"{ACCOUNTS}.sealed_display_name"
PASSWORD_HASH, TOTP = f"{ACCOUNTS}.password_hash", f"{ACCOUNTS}.sealed_totp"
ONE_TIME, RECOVERY = f"{TOKENS}.token_hash", "identity_recovery_codes.code_hash"
REFRESH, API_KEY = "identity_refresh_tokens.token_hash", "identity_api_keys.key_hash"
KEPT = {
    "mootion.audit.v1.AuditEntry.address": ADDRESS,
    "mootion.identity.v1.AcceptInvitationRequest.invitation_code": ONE_TIME,
    "mootion.identity.v1.Account.display_name": DISPLAY_NAME,
    "mootion.identity.v1.Account.email": EMAIL,
    "mootion.identity.v1.ChangePasswordRequest.new_password": PASSWORD_HASH,
    "mootion.identity.v1.ChangePasswordRequest.password": PASSWORD_HASH,
    "mootion.identity.v1.CheckApiKeyRequest.key": API_KEY,
    "mootion.identity.v1.CompleteSignInRequest.authorization_code": NOWHERE,
    "mootion.identity.v1.CompleteSignInRequest.state": ONE_TIME,
    "mootion.identity.v1.ConfirmSecondFactorRequest.code": NOWHERE,
    "mootion.identity.v1.ConfirmSecondFactorResponse.recovery_codes": RECOVERY,
    "mootion.identity.v1.CreateApiKeyResponse.key": API_KEY,
    "mootion.identity.v1.CreateStudentInvitationResponse.invitation_code": ONE_TIME,
    "mootion.identity.v1.DeleteAccountRequest.code": NOWHERE,
    "mootion.identity.v1.DeleteAccountRequest.password": PASSWORD_HASH,
    "mootion.identity.v1.ExportAccountResponse.json": NOWHERE,
    "mootion.identity.v1.LoginRequest.code": NOWHERE,
    "mootion.identity.v1.LoginRequest.password": PASSWORD_HASH,
    "mootion.identity.v1.RefreshTokensRequest.refresh_token": REFRESH,
    "mootion.identity.v1.RegisterRequest.display_name": DISPLAY_NAME,
    "mootion.identity.v1.RegisterRequest.email": EMAIL,
    "mootion.identity.v1.RegisterRequest.password": PASSWORD_HASH,
    "mootion.identity.v1.RemoveSecondFactorRequest.code": NOWHERE,
    "mootion.identity.v1.RemoveSecondFactorRequest.password": PASSWORD_HASH,
    "mootion.identity.v1.ResetPasswordRequest.new_password": PASSWORD_HASH,
    "mootion.identity.v1.ResetPasswordRequest.reset_token": ONE_TIME,
    "mootion.identity.v1.Session.address": SESSION,
    "mootion.identity.v1.Session.user_agent": SESSION,
    "mootion.identity.v1.StartSecondFactorRequest.password": PASSWORD_HASH,
    "mootion.identity.v1.StartSecondFactorResponse.secret": TOTP,
    "mootion.identity.v1.StartSecondFactorResponse.uri": TOTP,
    "mootion.identity.v1.StartSignInResponse.state": ONE_TIME,
    "mootion.identity.v1.Tokens.access_token": NOWHERE,
    "mootion.identity.v1.Tokens.refresh_token": REFRESH,
    "mootion.identity.v1.UpdateAccountRequest.display_name": DISPLAY_NAME,
    "mootion.identity.v1.UpdateAccountRequest.email": EMAIL,
    "mootion.identity.v1.UpdateAccountRequest.password": PASSWORD_HASH,
}
AGENT, NEXT_PASSWORD = "canary-agent/7.1", "canary battery staple"


def marked(message: Descriptor, seen: set[str]) -> Iterator[str]:
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    for field in message.fields:
        if field.GetOptions().Extensions[policy_pb2.sensitivity]:
            yield field.full_name
        if field.message_type is not None:
            yield from marked(field.message_type, seen)


def every_table() -> Iterator[Table]:
    metadata: MetaData
    for metadata in (tables.metadata, store.metadata):
        yield from metadata.tables.values()


def test_it_is_known_of_every_marked_field_where_it_is_kept() -> None:
    seen: set[str] = set()
    fields = {name for m in all_methods() for each in (m.input, m.output) for name in marked(each, seen)}
    assert fields == set(KEPT)


def test_a_marked_field_is_kept_in_a_sealed_column_or_as_a_hash_and_nowhere_else() -> None:
    by_name = {table.name: table for table in every_table()}
    for place in set(KEPT.values()) - {NOWHERE}:
        table, name = place.split(".")
        column = by_name[table].c[name]
        assert name.startswith(f"{SEALED}_") or name.endswith(f"_{HASHED}")
        assert isinstance(column.type, LargeBinary if name.startswith(SEALED) else String)


def test_a_new_data_key_reaches_every_sealed_column_but_those_that_never_change() -> None:
    sealed = {(t.name, c.name) for t in every_table() for c in t.columns if c.name.startswith(f"{SEALED}_")}
    reached = {(column.table.name, column.name) for column in COLUMNS}
    assert sealed - reached == {(audit_entries.name, "sealed_address")}
    assert reached - sealed == {("replies", "reply")}


@asynccontextmanager
async def house_in(folder: Path, data_key: str | None = None) -> AsyncIterator[House]:
    key = Secret(data_key) if data_key else None
    async with running(
        build_identity, build_audit, local_principal=False, data_dir=folder, data_key=key
    ) as served:
        channel = grpc.aio.insecure_channel(
            served.runtime.settings.address("identity"), options=[("grpc.primary_user_agent", AGENT)]
        )
        yield House(served, channel)
        await channel.close()


async def live(house: House) -> tuple[Person, list[str]]:
    """Somebody who does what leaves traces; and everything of it that must not be readable."""
    ada = await house.newcomer("ada", email="canary@example.org")
    await ada.account(
        "UpdateAccount", account_service_pb2.UpdateAccountRequest(display_name="Canary Lovelace")
    )
    factor = await ada.account(
        "StartSecondFactor", account_service_pb2.StartSecondFactorRequest(password=PASSWORD)
    )
    request = account_service_pb2.CreateApiKeyRequest(
        name="partner", scopes=["quiz:read"], request_id="01970000-0000-7000-8000-00000000000a"
    )
    key = (await ada.account("CreateApiKey", request)).key
    change = account_service_pb2.ChangePasswordRequest(password=PASSWORD, new_password=NEXT_PASSWORD)
    await ada.account("ChangePassword", change)
    assert ada.tokens is not None
    secrets = [ada.tokens.access_token, ada.tokens.refresh_token, factor.secret, key]
    return ada, [*secrets, "canary@example.org", "Canary Lovelace", AGENT, PASSWORD, NEXT_PASSWORD]


def dumped(folder: Path) -> bytes:
    """Every value of every table, and the files of the database as they are."""
    database = next(folder.glob("*.db"))
    with sqlite3.connect(database) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
    values = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
    return b"\n".join([*values, *(path.read_bytes() for path in folder.glob("*.db*"))])


async def test_nothing_personal_and_no_secret_can_be_read_from_the_database(tmp_path: Path) -> None:
    async with house_in(tmp_path) as house:
        _, secrets = await live(house)
    found = dumped(tmp_path)
    assert b"identity_accounts" in found
    assert [secret for secret in secrets if secret.encode() in found] == []


async def sessions_of(house: House, password: str) -> list[str]:
    person = await house.signed_in("ada", password)
    reply = await person.account("ListSessions", account_service_pb2.ListSessionsRequest())
    return [session.user_agent for session in reply.sessions]


async def account_of(house: House) -> account_service_pb2.GetAccountResponse:
    person = await house.signed_in("ada", NEXT_PASSWORD)
    reply: account_service_pb2.GetAccountResponse = await person.account(
        "GetAccount", account_service_pb2.GetAccountRequest()
    )
    return reply


async def test_after_a_new_data_key_all_is_read_as_before_and_only_the_audit_log_needs_the_old_one(
    tmp_path: Path,
) -> None:
    async with house_in(tmp_path) as house:
        ada, _ = await live(house)
    keys = tmp_path / "keys"
    old = (keys / DATA_KEY).read_text()
    said: list[str] = []
    done = await rotate(Settings(data_dir=tmp_path), said.append)
    assert (keys / DATA_KEY).read_text() != old
    assert (keys / OLD_DATA_KEYS).read_text() == old
    assert (keys / OLD_DATA_KEYS).stat().st_mode & 0o077 == 0
    assert_all_sealed_again(done)
    assert said
    async with house_in(tmp_path) as house:
        account = (await account_of(house)).account
        assert (account.email, account.display_name) == ("canary@example.org", "Canary Lovelace")
        assert all(AGENT in agent for agent in await sessions_of(house, NEXT_PASSWORD))
        # A creation that was asked for before is answered with the reply of then, which is sealed too.
        again = account_service_pb2.CreateApiKeyRequest(
            name="partner", scopes=["quiz:read"], request_id="01970000-0000-7000-8000-00000000000a"
        )
        ada = await house.signed_in("ada", NEXT_PASSWORD)
        assert (await ada.account("CreateApiKey", again)).key.startswith("mk_")
    # Without the old key everything but the audit log is open still.
    (keys / OLD_DATA_KEYS).unlink()
    async with house_in(tmp_path) as house:
        assert (await account_of(house)).account.display_name == "Canary Lovelace"
    assert ada.tokens is not None


def assert_all_sealed_again(done: Resealed) -> None:
    by_column = {name.split(".")[1]: count for name, count in done.counts.items()}
    assert by_column["sealed_email"] == by_column["sealed_display_name"] == by_column["sealed_totp"] == 1
    assert by_column["sealed_client"] >= 1
    assert by_column["sealed_private"] >= 1
    assert by_column["reply"] >= 1
    assert done.audit_entries >= 4


async def test_a_repeated_rotation_finishes_what_a_killed_one_left(tmp_path: Path) -> None:
    async with house_in(tmp_path) as house:
        await live(house)
    settings, silent = Settings(data_dir=tmp_path), [].append  # type: ignore[var-annotated]
    from mesh import secret_keys

    # Killed right after the key was replaced: nothing is sealed with the new one.
    secret_keys.replace(tmp_path / "keys" / DATA_KEY, tmp_path / "keys" / OLD_DATA_KEYS)
    done = await rotate(settings, silent)
    assert_all_sealed_again(done)
    assert len((tmp_path / "keys" / OLD_DATA_KEYS).read_text().split()) == 2
    async with house_in(tmp_path) as house:
        assert (await account_of(house)).account.email == "canary@example.org"


async def test_a_key_from_the_environment_is_its_owners_to_make(tmp_path: Path) -> None:
    old, new = "A" * 43 + "=", "B" * 42 + "A="
    async with house_in(tmp_path, old) as house:
        await live(house)
    with pytest.raises(Unreadable, match="MOOTION_OLD_DATA_KEYS"):
        await rotate(Settings(data_dir=tmp_path, data_key=Secret(new)), lambda text: None)
    settings = Settings(data_dir=tmp_path, data_key=Secret(new), old_data_keys=(Secret(old),))
    assert_all_sealed_again(await rotate(settings, lambda text: None))
    assert not (tmp_path / "keys" / OLD_DATA_KEYS).exists()
    async with house_in(tmp_path, new) as house:
        assert (await account_of(house)).account.email == "canary@example.org"


def test_a_request_that_is_marked_is_never_only_hashed_without_a_key() -> None:
    sensitive = {name.rpartition(".")[0] for name in KEPT}
    creations = [m for m in all_methods() if m.creates_once and not m.client_streaming]
    carrying = [m for m in creations if {m.input.full_name, m.output.full_name} & sensitive]
    assert carrying
    assert all(method.holds_secrets for method in carrying)


async def test_a_rotation_is_refused_while_the_system_runs(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from cli import lock
    from cli.admin import app

    with lock.held(tmp_path):
        shown = await asyncio.to_thread(
            CliRunner().invoke, app, ["rotate-data-key"], env={"MOOTION_DATA_DIR": str(tmp_path)}
        )
    assert shown.exit_code == 1
    assert "runs on" in shown.output


async def test_the_command_says_what_was_sealed_again_and_what_still_needs_the_old_key(
    tmp_path: Path,
) -> None:
    from typer.testing import CliRunner

    from cli.admin import app

    async with house_in(tmp_path) as house:
        await live(house)
    shown = await asyncio.to_thread(
        CliRunner().invoke, app, ["rotate-data-key"], env={"MOOTION_DATA_DIR": str(tmp_path)}
    )
    assert shown.exit_code == 0, shown.output
    assert "identity_accounts.sealed_email: 1 sealed again" in shown.output
    assert "entries of the audit log need an old key still" in shown.output
    assert (tmp_path / "keys" / DATA_KEY).read_text().strip() not in shown.output
