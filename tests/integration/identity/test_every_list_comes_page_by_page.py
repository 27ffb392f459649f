"""Each list of the identity service: in pages as long as asked for, nothing twice and nothing left out."""

from typing import Any

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_service_pb2, admin_service_pb2
from mootion.identity.v1.admin_service_pb2_grpc import AdminServiceStub
from mootion.policy.v1 import policy_pb2

from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from services.identity import link_store
from tests.integration.identity.conftest import House, Person

LISTS = {
    "ListSessions": (account_service_pb2.ListSessionsRequest, "sessions", "session_id"),
    "ListApiKeys": (account_service_pb2.ListApiKeysRequest, "api_keys", "api_key_id"),
    "ListTeachers": (account_service_pb2.ListTeachersRequest, "teachers", "teacher_id"),
}


async def with_five_of_each(house: House) -> Person:
    ada = await house.newcomer("ada")
    for _ in range(4):
        await house.signed_in("ada")
    for number in range(5):
        key = account_service_pb2.CreateApiKeyRequest(name=f"key {number}", scopes=["video:read"])
        await ada.account("CreateApiKey", key)
        teacher = await house.newcomer(f"teacher{number}")
        async with house.running.runtime.database.transaction() as tx:
            await link_store.link(tx, teacher.account_id, ada.account_id, number)
    return ada


@pytest.mark.parametrize("method", LISTS)
async def test_pages_of_two_are_the_list_in_one_piece(house: House, method: str) -> None:
    request_type, field, key = LISTS[method]
    ada = await with_five_of_each(house)
    whole = [getattr(one, key) for one in getattr(await ada.account(method, request_type()), field)]
    found: list[list[str]] = []
    request: Any = request_type(page_size=2)
    while True:
        reply = await ada.account(method, request)
        found.append([getattr(one, key) for one in getattr(reply, field)])
        if not reply.next_page_token:
            break
        request.page_token = reply.next_page_token
    assert found == [whole[:2], whole[2:4], whole[4:]]
    assert len(whole) == 5


async def test_accounts_too_and_a_token_is_good_for_its_own_list_only(house: House) -> None:
    ada = await with_five_of_each(house)
    root = Identity(Principal("root", policy_pb2.ACCESS_ROLE_ADMIN), "edge")
    admin = house.running.runtime.channels.stub(AdminServiceStub, "identity", identity=root)
    request = admin_service_pb2.ListAccountsRequest(username_prefix="teacher", page_size=3)
    first = await admin.ListAccounts(request)
    request.page_token = first.next_page_token
    rest = await admin.ListAccounts(request)
    names = [account.username for account in (*first.accounts, *rest.accounts)]
    assert names == [f"teacher{number}" for number in (4, 3, 2, 1, 0)]
    assert rest.next_page_token == ""
    foreign = account_service_pb2.ListSessionsRequest(page_token=first.next_page_token)
    with pytest.raises(CallError) as refused:
        await ada.account("ListSessions", foreign)
    assert refused.value.reason == reason_pb2.REASON_INVALID_PAGE_TOKEN
