import json
import math
from typing import Any

import pyotp
import pytest
from mootion.audit.v1 import audit_service_pb2
from mootion.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, account_service_pb2, admin_service_pb2, identity_service_pb2
from mootion.identity.v1.account_service_pb2_grpc import AccountServiceStub
from mootion.identity.v1.identity_service_pb2_grpc import IdentityServiceStub

from mesh.errors import CallError
from services.identity import second_factor
from services.identity.credentials import CODES
from services.identity.desk import Desk
from tests.integration.identity.conftest import PASSWORD, House, Person


async def reason_of(call: object) -> reason_pb2.Reason.ValueType:
    with pytest.raises(CallError) as refused:
        await call  # type: ignore[misc]
    return refused.value.reason


async def with_second_factor(house: House) -> tuple[Person, str, list[str]]:
    """Somebody with a second factor: the person, its secret and its recovery codes."""
    ada = await house.newcomer("ada")
    start = account_service_pb2.StartSecondFactorRequest(password=PASSWORD)
    secret = (await ada.account("StartSecondFactor", start)).secret
    now = house.running.runtime.clock.now().timestamp()
    confirm = account_service_pb2.ConfirmSecondFactorRequest(code=pyotp.TOTP(secret).at(now - 30))
    codes = (await ada.account("ConfirmSecondFactor", confirm)).recovery_codes
    return ada, secret, list(codes)


async def test_signing_in_asks_for_the_second_factor_and_takes_each_code_once(house: House) -> None:
    _, secret, _ = await with_second_factor(house)
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_SECOND_FACTOR_NEEDED
    code = pyotp.TOTP(secret).at(house.running.runtime.clock.now().timestamp())
    await house.signed_in("ada", code=code)
    assert await reason_of(house.signed_in("ada", code=code)) == reason_pb2.REASON_WRONG_CREDENTIALS
    assert await reason_of(house.signed_in("ada", code="000000")) == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_a_wrong_password_is_told_before_the_second_factor_is_asked_for(house: House) -> None:
    await with_second_factor(house)
    assert await reason_of(house.signed_in("ada", "wrong password")) == reason_pb2.REASON_WRONG_CREDENTIALS


def test_recovery_codes_have_so_many_bits_that_a_hash_of_them_cannot_be_guessed() -> None:
    codes = second_factor.new_recovery_codes()
    letters = {
        letter for _ in range(50) for code in second_factor.new_recovery_codes() for letter in code
    } - {"-"}
    assert len(set(codes)) == 10
    assert all(math.log2(len(letters)) * len(code.replace("-", "")) >= 112 for code in codes)
    # As long as the field of the contract that takes it.
    assert all(len(code) <= 32 for code in codes)
    spoken = codes[0].upper().replace("-", " ")
    assert second_factor.recovery_hash("ada", spoken) == second_factor.recovery_hash("ada", codes[0])


async def test_a_recovery_code_stands_in_once(house: House) -> None:
    _, _, codes = await with_second_factor(house)
    assert len(set(codes)) == 10
    await house.signed_in("ada", code=codes[0].upper())
    assert await reason_of(house.signed_in("ada", code=codes[0])) == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_who_has_the_password_guesses_few_codes_in_a_day(house: House) -> None:
    ada, _, codes = await with_second_factor(house)
    desk = Desk.build(house.running.runtime)

    async def guess(code: str) -> reason_pb2.Reason.ValueType:
        async with house.running.runtime.database.reading() as reader:
            account = await desk.account(reader, ada.account_id)
        return await reason_of(desk.credentials.with_second_factor(account, code))

    reasons = [await guess(f"wrong{number}") for number in range(CODES)]
    assert set(reasons) == {reason_pb2.REASON_WRONG_CREDENTIALS}
    assert await guess(codes[0]) == reason_pb2.REASON_RATE_LIMITED
    async with house.running.runtime.database.transaction() as tx:
        account = await desk.account(tx, ada.account_id)
        await desk.accounts.save(tx, account.with_(password_hash=await desk.passwords.hash("another horse")))
    # The guesses of whoever had the password before do not count for the one that is set now.
    await house.signed_in("ada", "another horse", codes[0])


async def test_the_second_factor_goes_by_password_and_code_only(house: House) -> None:
    ada, _, codes = await with_second_factor(house)
    remove = account_service_pb2.RemoveSecondFactorRequest(password=PASSWORD)
    assert (
        await reason_of(ada.account("RemoveSecondFactor", remove)) == reason_pb2.REASON_SECOND_FACTOR_NEEDED
    )
    remove.code = codes[1]
    await ada.account("RemoveSecondFactor", remove)
    await house.signed_in("ada")


async def test_a_key_calls_what_its_scopes_name_and_nothing_else(house: House) -> None:
    ada = await house.newcomer("ada")
    request = account_service_pb2.CreateApiKeyRequest(name="sync", scopes=["document:read"], request_id="k")
    made = await ada.account("CreateApiKey", request)
    assert made.key.startswith(made.api_key.prefix)
    program = Person(house.channel, headers=(("x-api-key", made.key),))
    get = account_service_pb2.GetAccountRequest()
    assert await reason_of(program.account("GetAccount", get)) == reason_pb2.REASON_SCOPE_MISSING
    listed = (await ada.account("ListApiKeys", account_service_pb2.ListApiKeysRequest())).api_keys
    assert [key.api_key_id for key in listed] == [made.api_key.api_key_id]
    delete = account_service_pb2.DeleteApiKeyRequest(api_key_id=made.api_key.api_key_id)
    await ada.account("DeleteApiKey", delete)
    unknown = Person(house.channel, headers=(("x-api-key", "mk_nothing"),))
    assert await reason_of(unknown.account("GetAccount", get)) == reason_pb2.REASON_TOKEN_INVALID


async def test_there_is_no_key_for_a_scope_that_does_not_exist_or_for_accounts(house: House) -> None:
    ada = await house.newcomer("ada")
    for scope in ("nothing:read", "identity:write"):
        request = account_service_pb2.CreateApiKeyRequest(name="x", scopes=[scope])
        assert await reason_of(ada.account("CreateApiKey", request)) == reason_pb2.REASON_UNKNOWN_SCOPE


async def promoted(house: House, username: str, role: account_pb2.Role.ValueType) -> Person:
    """Somebody whose role was raised, signed in with it."""
    person = await house.newcomer(username)
    desk = Desk.build(house.running.runtime)
    async with house.running.runtime.database.transaction() as tx:
        account = await desk.account(tx, person.account_id)
        await desk.accounts.save(tx, account.with_(role=role))
    return await house.signed_in(username)


async def test_a_student_lets_a_teacher_in_by_a_code(house: House) -> None:
    teacher = await promoted(house, "grace", account_pb2.TEACHER)
    ada = await house.newcomer("ada")
    invite = account_service_pb2.CreateStudentInvitationRequest()
    assert await reason_of(ada.account("CreateStudentInvitation", invite)) == reason_pb2.REASON_ROLE_TOO_LOW
    code = (await teacher.account("CreateStudentInvitation", invite)).invitation_code
    accept = account_service_pb2.AcceptInvitationRequest(invitation_code=code)
    for _ in range(2):
        assert (await ada.account("AcceptInvitation", accept)).teacher_username == "grace"
    students = (await teacher.account("ListStudents", account_service_pb2.ListStudentsRequest())).students
    assert [student.username for student in students] == ["ada"]
    remove = account_service_pb2.RemoveStudentRequest(account_id=ada.account_id)
    await teacher.account("RemoveStudent", remove)
    assert await reason_of(teacher.account("RemoveStudent", remove)) == reason_pb2.REASON_NOT_FOUND


async def test_a_student_sees_its_teachers_and_ends_the_link(house: House) -> None:
    teachers = [await promoted(house, name, account_pb2.TEACHER) for name in ("grace", "alan", "mary")]
    ada, bob = await house.newcomer("ada"), await house.newcomer("bob")
    invite = account_service_pb2.CreateStudentInvitationRequest()
    for teacher in teachers:
        code = (await teacher.account("CreateStudentInvitation", invite)).invitation_code
        for student in (ada, bob):
            accept = account_service_pb2.AcceptInvitationRequest(invitation_code=code)
            await student.account("AcceptInvitation", accept)
    listing = account_service_pb2.ListTeachersRequest(page_size=2)
    first = await ada.account("ListTeachers", listing)
    listing.page_token = first.next_page_token
    rest = await ada.account("ListTeachers", listing)
    names = [teacher.username for teacher in (*first.teachers, *rest.teachers)]
    assert (names, rest.next_page_token) == (["mary", "alan", "grace"], "")
    remove = account_service_pb2.RemoveTeacherRequest(teacher_id=teachers[0].account_id)
    await ada.account("RemoveTeacher", remove)
    assert await reason_of(ada.account("RemoveTeacher", remove)) == reason_pb2.REASON_NOT_FOUND
    seen = (await teachers[0].account("ListStudents", account_service_pb2.ListStudentsRequest())).students
    assert [student.username for student in seen] == ["bob"]
    export = await ada.account("ExportAccount", account_service_pb2.ExportAccountRequest())
    assert json.loads(export.json)["teachers"] == ["mary", "alan"]


async def test_who_is_no_teacher_any_more_has_no_students_and_gets_none(house: House) -> None:
    admin = await promoted(house, "root-admin", account_pb2.ADMIN)
    teacher = await promoted(house, "grace", account_pb2.TEACHER)
    ada, bob = await house.newcomer("ada"), await house.newcomer("bob")
    invite = account_service_pb2.CreateStudentInvitationRequest()
    code = (await teacher.account("CreateStudentInvitation", invite)).invitation_code
    accept = account_service_pb2.AcceptInvitationRequest(invitation_code=code)
    await ada.account("AcceptInvitation", accept)

    async def change(**values: Any) -> None:
        request = admin_service_pb2.ChangeAccountRequest(account_id=teacher.account_id, **values)
        await admin.admin("ChangeAccount", request)

    await change(disabled=True)
    assert await reason_of(bob.account("AcceptInvitation", accept)) == reason_pb2.REASON_TOKEN_INVALID
    await change(disabled=False, role=account_pb2.STUDENT)
    assert await reason_of(bob.account("AcceptInvitation", accept)) == reason_pb2.REASON_TOKEN_INVALID
    demoted = await house.signed_in("grace")
    export = await demoted.account("ExportAccount", account_service_pb2.ExportAccountRequest())
    assert json.loads(export.json)["students"] == []
    await change(role=account_pb2.TEACHER)
    again = await house.signed_in("grace")
    assert not (await again.account("ListStudents", account_service_pb2.ListStudentsRequest())).students


async def test_an_admin_changes_roles_but_never_the_last_admin(house: House) -> None:
    admin = await promoted(house, "root-admin", account_pb2.ADMIN)
    ada = await house.newcomer("ada")
    change = admin_service_pb2.ChangeAccountRequest(account_id=ada.account_id, role=account_pb2.TEACHER)
    assert await reason_of(ada.admin("ChangeAccount", change)) == reason_pb2.REASON_ROLE_TOO_LOW
    assert (await admin.admin("ChangeAccount", change)).account.role == account_pb2.TEACHER
    down = admin_service_pb2.ChangeAccountRequest(account_id=admin.account_id, role=account_pb2.STUDENT)
    assert await reason_of(admin.admin("ChangeAccount", down)) == reason_pb2.REASON_LAST_ADMIN
    off = admin_service_pb2.ChangeAccountRequest(account_id=ada.account_id, disabled=True)
    await admin.admin("ChangeAccount", off)
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_what_was_done_is_in_the_audit_log_without_secrets(house: House) -> None:
    admin = await promoted(house, "root-admin", account_pb2.ADMIN)
    ada = await house.newcomer("ada", email="ada@example.org")
    wrong = account_service_pb2.ChangePasswordRequest(
        password="not this one", new_password="another good one"
    )
    assert await reason_of(ada.account("ChangePassword", wrong)) == reason_pb2.REASON_WRONG_CREDENTIALS
    request = audit_service_pb2.ListAuditEntriesRequest(principal_id=ada.account_id)
    assert (
        await reason_of(ada.call(AuditServiceStub, "ListAuditEntries", request))
        == reason_pb2.REASON_ROLE_TOO_LOW
    )
    entries = (await admin.call(AuditServiceStub, "ListAuditEntries", request)).entries
    assert [(entry.method.rsplit(".", 1)[1], entry.code, entry.reason) for entry in entries] == [
        ("ChangePassword", "UNAUTHENTICATED", "WRONG_CREDENTIALS")
    ]
    everything = await admin.call(
        AuditServiceStub, "ListAuditEntries", audit_service_pb2.ListAuditEntriesRequest()
    )
    assert any(
        entry.method.endswith(".Register") and entry.resource == ada.account_id
        for entry in everything.entries
    )
    for secret in (PASSWORD, "not this one", "ada@example.org"):
        assert secret not in str(everything)


async def test_an_erased_account_is_gone_and_its_name_free(house: House) -> None:
    ada = await house.newcomer("ada")
    wrong = account_service_pb2.DeleteAccountRequest(password="not this one")
    assert await reason_of(ada.account("DeleteAccount", wrong)) == reason_pb2.REASON_WRONG_CREDENTIALS
    await ada.account("DeleteAccount", account_service_pb2.DeleteAccountRequest(password=PASSWORD))
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_WRONG_CREDENTIALS
    await house.newcomer("ada")


async def test_a_refresh_token_that_came_as_a_cookie_goes_back_as_one(house: House) -> None:
    await house.newcomer("ada")
    request = identity_service_pb2.LoginRequest(username="ada", password=PASSWORD, use_cookies=True)
    signed_in = IdentityServiceStub(house.channel).Login(request, timeout=20)
    cookies = [str(value) for key, value in await signed_in.initial_metadata() if key == "set-cookie"]
    jar = "; ".join(cookie.split(";")[0] for cookie in cookies)
    renewed = IdentityServiceStub(house.channel).RefreshTokens(
        identity_service_pb2.RefreshTokensRequest(), metadata=(("cookie", jar),), timeout=20
    )
    again = [str(value) for key, value in await renewed.initial_metadata() if key == "set-cookie"]
    tokens = (await renewed).tokens
    assert (tokens.access_token, tokens.refresh_token) == ("", "")
    assert len(again) == 2
    # OWASP ASVS 5.0, 3.3.5: what is longer, browsers drop.
    assert all(len(cookie.split(";")[0]) < 4096 for cookie in (*cookies, *again))


async def test_no_page_of_another_site_has_a_browser_signed_in(house: House) -> None:
    ada = await house.newcomer("ada")
    assert ada.tokens is not None
    asked: dict[str, Any] = {
        "Login": identity_service_pb2.LoginRequest(username="ada", password=PASSWORD, use_cookies=True),
        "Register": identity_service_pb2.RegisterRequest(username="eve", password=PASSWORD, use_cookies=True),
        "RefreshTokens": identity_service_pb2.RefreshTokensRequest(
            refresh_token=ada.tokens.refresh_token, use_cookies=True
        ),
        "CompleteSignIn": identity_service_pb2.CompleteSignInRequest(
            state="s", authorization_code="c", use_cookies=True
        ),
    }
    strange = (
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://attacker.example"),
        ("origin", "null"),
    )
    for method, request in asked.items():
        for header in strange:
            refused = house.stranger().call(IdentityServiceStub, method, request, header)
            assert await reason_of(refused) == reason_pb2.REASON_CROSS_SITE_CALL
    ours = ("sec-fetch-site", "same-origin")
    await house.stranger().call(IdentityServiceStub, "Login", asked["Login"], ours)
    # Tokens in the reply are read by the page that asked, and no browser sends them by itself.
    asked["Login"].use_cookies = False
    await house.stranger().call(IdentityServiceStub, "Login", asked["Login"], strange[0])


async def test_cookies_carry_the_tokens_and_change_nothing_from_another_site(house: House) -> None:
    await house.newcomer("ada")
    stub = identity_service_pb2.LoginRequest(username="ada", password=PASSWORD, use_cookies=True)
    call = IdentityServiceStub(house.channel).Login(stub, timeout=20)
    cookies = [str(value) for key, value in await call.initial_metadata() if key == "set-cookie"]
    reply = await call
    assert (reply.tokens.access_token, reply.tokens.refresh_token) == ("", "")
    assert all(
        "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" in cookie for cookie in cookies
    )
    jar = "; ".join(cookie.split(";")[0] for cookie in cookies)
    browser = Person(house.channel, headers=(("cookie", jar),))
    assert (
        await browser.account("GetAccount", account_service_pb2.GetAccountRequest())
    ).account.username == "ada"
    change = account_service_pb2.UpdateAccountRequest(display_name="Eve was here")
    strange = (
        (("sec-fetch-site", "cross-site"),),
        (("origin", "https://attacker.example"),),
        (("origin", "null"),),
    )
    for headers in ((), *strange):
        refused = browser.call(AccountServiceStub, "UpdateAccount", change, *headers)
        assert await reason_of(refused) == reason_pb2.REASON_CROSS_SITE_CALL
    await browser.call(AccountServiceStub, "UpdateAccount", change, ("sec-fetch-site", "same-origin"))
