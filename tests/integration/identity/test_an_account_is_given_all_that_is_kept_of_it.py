"""ExportAccount: what the contract names, of the caller alone, and no secret."""

import json
from typing import Any

import pytest
from mootion.identity.v1 import account_pb2, account_service_pb2, admin_service_pb2
from mootion.identity.v1.admin_service_pb2_grpc import AdminServiceStub
from mootion.policy.v1 import policy_pb2

from mesh.context import Principal
from mesh.outgoing import Identity
from services.identity import export
from tests.integration.identity.conftest import PASSWORD, House, Person


async def exported(person: Person) -> dict[str, Any]:
    request = account_service_pb2.ExportAccountRequest()
    found: dict[str, Any] = json.loads((await person.account("ExportAccount", request)).json)
    return found


async def linked(house: House) -> tuple[Person, Person]:
    """A student, and a teacher whom it let in; both with a key, the student with two sessions."""
    student, teacher = await house.newcomer("ada", "ada@example.org"), await house.newcomer("grace")
    admin = Identity(Principal("root", policy_pb2.ACCESS_ROLE_ADMIN), "edge")
    stub = house.running.runtime.channels.stub(AdminServiceStub, "identity", identity=admin)
    change = admin_service_pb2.ChangeAccountRequest(account_id=teacher.account_id, role=account_pb2.TEACHER)
    await stub.ChangeAccount(change)
    teacher = await house.signed_in("grace")
    invite = account_service_pb2.CreateStudentInvitationRequest()
    code = (await teacher.account("CreateStudentInvitation", invite)).invitation_code
    await student.account(
        "AcceptInvitation", account_service_pb2.AcceptInvitationRequest(invitation_code=code)
    )
    for person, name in ((student, "ada's key"), (teacher, "grace's key")):
        key = account_service_pb2.CreateApiKeyRequest(name=name, scopes=["video:read"])
        await person.account("CreateApiKey", key)
    await house.signed_in("ada")
    return student, teacher


async def test_it_has_what_the_contract_names(house: House) -> None:
    student, teacher = await linked(house)
    mine = await exported(student)
    assert (mine["account"]["username"], mine["account"]["email"]) == ("ada", "ada@example.org")
    assert len(mine["sessions"]) == 2
    assert [key["name"] for key in mine["apiKeys"]] == ["ada's key"]
    assert (mine["students"], mine["teachers"]) == ([], ["grace"])
    methods = {entry["method"].rpartition(".")[2] for entry in mine["auditEntries"]}
    assert methods == {"AcceptInvitation", "CreateApiKey"}
    theirs = await exported(teacher)
    assert (theirs["students"], theirs["teachers"]) == (["ada"], [])


async def test_it_has_nothing_of_others_and_no_secret(house: House) -> None:
    student, teacher = await linked(house)
    mine = json.dumps(await exported(student))
    assert teacher.account_id not in mine
    assert "grace's key" not in mine
    assert {entry["principalId"] for entry in (await exported(student))["auditEntries"]} == {
        student.account_id
    }
    assert student.tokens is not None
    for secret in (PASSWORD, student.tokens.access_token, student.tokens.refresh_token, "argon2"):
        assert secret not in mine


async def test_nothing_is_left_out_where_there_is_more_than_a_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    ada = await house.newcomer("ada")
    for number in range(5):
        key = account_service_pb2.CreateApiKeyRequest(name=f"key {number}", scopes=["video:read"])
        await ada.account("CreateApiKey", key)
    mine = await exported(ada)
    assert sorted(key["name"] for key in mine["apiKeys"]) == [f"key {number}" for number in range(5)]
    assert len(mine["auditEntries"]) == 5
