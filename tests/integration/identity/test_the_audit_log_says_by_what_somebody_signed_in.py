"""Entries of sign-ins name the account and its factors; those of keys say so; others say nothing of it."""

from collections.abc import Sequence
from typing import Any

import grpc
import pyotp
import pytest
from mootion.audit.v1 import audit_service_pb2
from mootion.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from mootion.identity.v1 import account_service_pb2, identity_service_pb2
from mootion.policy.v1 import policy_pb2
from mootion.quiz.v1 import quiz_service_pb2
from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceStub

from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from mesh.testing import running
from services.audit.__main__ import build as build_audit
from services.identity import one_time, opaque, token_store
from services.identity.__main__ import build as build_identity
from services.identity.desk import Desk
from services.identity.providers import Providers
from services.quiz.__main__ import build as build_quiz
from tests.integration.identity.conftest import PASSWORD, House, Person

BY_PASSWORD, TOTP, RECOVERY_CODE = (
    audit_service_pb2.PASSWORD,
    audit_service_pb2.TOTP,
    audit_service_pb2.RECOVERY_CODE,
)


async def entries(house: House, **filters: Any) -> Sequence[audit_service_pb2.AuditEntry]:
    """The oldest first."""
    root = Identity(Principal("root", policy_pb2.ACCESS_ROLE_ADMIN), "edge")
    stub = house.running.runtime.channels.stub(AuditServiceStub, "audit", identity=root)
    reply = await stub.ListAuditEntries(audit_service_pb2.ListAuditEntriesRequest(**filters))
    return list(reversed(reply.entries))


def shown(found: Sequence[audit_service_pb2.AuditEntry]) -> list[tuple[str, list[Any]]]:
    return [(entry.method.rpartition(".")[2], list(entry.factors)) for entry in found]


async def test_a_sign_in_by_password_by_a_code_of_the_app_and_by_a_recovery_code(house: House) -> None:
    ada = await house.newcomer("ada")
    await house.signed_in("ada")
    start = account_service_pb2.StartSecondFactorRequest(password=PASSWORD)
    totp = pyotp.TOTP((await ada.account("StartSecondFactor", start)).secret)
    now = house.running.runtime.clock.now().timestamp()
    confirm = account_service_pb2.ConfirmSecondFactorRequest(code=totp.at(now - 30))
    codes = (await ada.account("ConfirmSecondFactor", confirm)).recovery_codes
    await house.signed_in("ada", code=totp.at(now))
    await house.signed_in("ada", code=codes[0])
    assert shown(await entries(house, resource=ada.account_id)) == [
        ("Register", [BY_PASSWORD]),
        ("Login", [BY_PASSWORD]),
        ("StartSecondFactor", []),
        ("ConfirmSecondFactor", []),
        ("Login", [BY_PASSWORD, TOTP]),
        ("Login", [BY_PASSWORD, RECOVERY_CODE]),
    ]


async def test_a_sign_in_with_a_provider(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.newcomer("ada")
    desk = Desk.build(house.running.runtime)

    async def confirmed(self: Providers, state: str, code: str) -> Any:
        async with house.running.runtime.database.reading() as reader:
            return await desk.account(reader, ada.account_id)

    monkeypatch.setattr(Providers, "complete", confirmed)
    request = identity_service_pb2.CompleteSignInRequest(state="s", authorization_code="c")
    await house.stranger().identity("CompleteSignIn", request)
    assert shown(await entries(house, resource=ada.account_id))[1:] == [
        ("CompleteSignIn", [audit_service_pb2.PROVIDER])
    ]


async def test_what_is_renewed_or_reset_names_the_account_and_no_factor(house: House) -> None:
    ada = await house.newcomer("ada")
    assert ada.tokens is not None
    refresh = identity_service_pb2.RefreshTokensRequest(refresh_token=ada.tokens.refresh_token)
    await house.stranger().identity("RefreshTokens", refresh)
    token, desk = opaque.new("mp"), Desk.build(house.running.runtime)
    async with house.running.runtime.database.transaction() as tx:
        ends_us = desk.now_us() + 60_000_000
        await token_store.add(tx, one_time.RESET, opaque.kept(token), ada.account_id, ends_us)
    reset = identity_service_pb2.ResetPasswordRequest(reset_token=token, new_password="another horse")
    await house.stranger().identity("ResetPassword", reset)
    assert shown(await entries(house, resource=ada.account_id))[1:] == [
        ("RefreshTokens", []),
        ("ResetPassword", []),
    ]


async def test_a_sign_in_that_was_refused_has_no_entry_and_leaves_its_factors_nowhere(house: House) -> None:
    ada = await house.newcomer("ada")
    with pytest.raises(CallError):
        await house.signed_in("ada", "wrong password")
    await ada.account("UpdateAccount", account_service_pb2.UpdateAccountRequest(display_name="Ada"))
    assert shown(await entries(house)) == [("Register", [BY_PASSWORD]), ("UpdateAccount", [])]


async def test_a_call_with_a_key() -> None:
    async with (
        running(build_identity, build_quiz, build_audit, local_principal=False) as served,
        grpc.aio.insecure_channel(served.runtime.settings.address("identity")) as channel,
    ):
        house = House(served, channel)
        ada = await house.newcomer("ada")
        create = account_service_pb2.CreateApiKeyRequest(name="sync", scopes=["quiz:write"])
        made = await ada.account("CreateApiKey", create)
        program = Person(channel, headers=(("x-api-key", made.key),))
        delete = quiz_service_pb2.DeleteQuizRequest(quiz_id="0190a6b0-0000-7000-8000-000000000000")
        with pytest.raises(CallError):
            await program.call(QuizServiceStub, "DeleteQuiz", delete)
        found = await entries(house, principal_id=ada.account_id)
    assert shown(found) == [("CreateApiKey", []), ("DeleteQuiz", [audit_service_pb2.API_KEY])]
