"""Two administrators who take each other's role at the same moment: one of them keeps it."""

import asyncio
from collections.abc import Awaitable

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, admin_service_pb2, identity_service_pb2
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


async def admin(served: Running, username: str) -> str:
    people = served.runtime.channels.stub(IdentityServiceStub, "identity", identity=Identity(None, "edge"))
    request = identity_service_pb2.RegisterRequest(username=username, password=PASSWORD)
    account_id: str = (await people.Register(request)).account.account_id
    await changed(served, account_id, account_pb2.ADMIN)
    return account_id


def changed(served: Running, account_id: str, role: account_pb2.Role.ValueType) -> Awaitable[object]:
    stub = served.runtime.channels.stub(AdminServiceStub, "identity", identity=ROOT)
    return stub.ChangeAccount(admin_service_pb2.ChangeAccountRequest(account_id=account_id, role=role))


@pytest.mark.parametrize("attempt", range(3))
async def test_of_two_who_demote_each_other_one_stays(postgres_url: str, attempt: int) -> None:
    async with running(build, local_principal=False, database_url=postgres_url) as served:
        both = [await admin(served, username) for username in ("ada", "grace")]
        ends = await asyncio.gather(
            *(changed(served, account_id, account_pb2.STUDENT) for account_id in both), return_exceptions=True
        )
        refused = [end for end in ends if isinstance(end, CallError)]
        assert [error.reason for error in refused] == [reason_pb2.REASON_LAST_ADMIN]
