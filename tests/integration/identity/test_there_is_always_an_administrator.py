"""Administrators who take each other's role, or who leave, at the same moment: one of them stays."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, account_service_pb2, admin_service_pb2, identity_service_pb2
from mootion.identity.v1.account_service_pb2_grpc import AccountServiceStub
from mootion.identity.v1.admin_service_pb2_grpc import AdminServiceStub
from mootion.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from mootion.policy.v1 import policy_pb2

from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from mesh.testing import Running, running
from services.identity.__main__ import build
from tests.integration.identity.conftest import PASSWORD

ROOT = Identity(Principal("root", policy_pb2.ACCESS_ROLE_ADMIN), "edge")


@pytest.fixture(params=["sqlite", "postgres"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """The service on either database."""
    where: dict[str, Any] = {}
    if request.param == "postgres":
        where["database_url"] = request.getfixturevalue("postgres_url")
    async with running(build, local_principal=False, **where) as served:
        yield served


async def admin(served: Running, username: str) -> str:
    people = served.runtime.channels.stub(IdentityServiceStub, "identity", identity=Identity(None, "edge"))
    request = identity_service_pb2.RegisterRequest(username=username, password=PASSWORD)
    account_id: str = (await people.Register(request)).account.account_id
    await changed(served, account_id, account_pb2.ADMIN)
    return account_id


def changed(served: Running, account_id: str, role: account_pb2.Role.ValueType) -> Awaitable[object]:
    stub = served.runtime.channels.stub(AdminServiceStub, "identity", identity=ROOT)
    return stub.ChangeAccount(admin_service_pb2.ChangeAccountRequest(account_id=account_id, role=role))


def demoted(served: Running, account_id: str) -> Awaitable[object]:
    return changed(served, account_id, account_pb2.STUDENT)


def erased(served: Running, account_id: str) -> Awaitable[object]:
    stub = served.runtime.channels.stub(AdminServiceStub, "identity", identity=ROOT)
    return stub.EraseAccount(admin_service_pb2.EraseAccountRequest(account_id=account_id))


def left(served: Running, account_id: str) -> Awaitable[object]:
    me = Identity(Principal(account_id, policy_pb2.ACCESS_ROLE_ADMIN), "edge")
    stub = served.runtime.channels.stub(AccountServiceStub, "identity", identity=me)
    return stub.DeleteAccount(account_service_pb2.DeleteAccountRequest(password=PASSWORD))


WAYS = (demoted, erased, left)


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
async def test_of_two_who_go_at_the_same_moment_one_stays(served: Running, first: Any, second: Any) -> None:
    both = [await admin(served, username) for username in ("ada", "grace")]
    ends = await asyncio.gather(first(served, both[0]), second(served, both[1]), return_exceptions=True)
    refused = [end for end in ends if isinstance(end, BaseException)]
    assert [error.reason for error in refused if isinstance(error, CallError)] == [
        reason_pb2.REASON_LAST_ADMIN
    ], ends


@pytest.mark.parametrize("go", WAYS)
async def test_the_last_goes_once_there_is_another_who_may_sign_in(served: Running, go: Any) -> None:
    ada = await admin(served, "ada")
    with pytest.raises(CallError) as refused:
        await go(served, ada)
    assert refused.value.reason == reason_pb2.REASON_LAST_ADMIN
    grace = await admin(served, "grace")
    stub = served.runtime.channels.stub(AdminServiceStub, "identity", identity=ROOT)
    await stub.ChangeAccount(admin_service_pb2.ChangeAccountRequest(account_id=grace, disabled=True))
    with pytest.raises(CallError) as refused:
        await go(served, ada)
    assert refused.value.reason == reason_pb2.REASON_LAST_ADMIN
    await stub.ChangeAccount(admin_service_pb2.ChangeAccountRequest(account_id=grace, disabled=False))
    await go(served, ada)


async def test_who_is_no_administrator_leaves_whoever_the_last_is(served: Running) -> None:
    await admin(served, "ada")
    student = await admin(served, "grace")
    await demoted(served, student)
    await left(served, student)
