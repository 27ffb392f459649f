"""Codes and tokens for one use, shown to two processes of the identity service at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_service_pb2, identity_service_pb2
from mootion.identity.v1.account_service_pb2_grpc import AccountServiceStub
from mootion.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from mootion.policy.v1 import policy_pb2
from sqlalchemy import select

from mesh.config import Secret
from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from mesh.testing import Running, running
from services.identity.__main__ import build
from services.identity.desk import Desk
from services.identity.sign_in import Person
from services.identity.store import accounts
from tests.integration.identity.conftest import PASSWORD

SECRET = Secret("A" * 43 + "=")
AT_ONCE = 4


@pytest.fixture
async def processes(postgres_url: str, tmp_path: Path) -> AsyncIterator[list[Running]]:
    """Two servers on one database, with the same keys."""
    settings: dict[str, Any] = {"database_url": postgres_url, "mesh_key": SECRET, "data_key": SECRET}
    async with (
        running(build, local_principal=False, data_dir=tmp_path / "a", **settings) as one,
        running(build, local_principal=False, data_dir=tmp_path / "b", **settings) as other,
    ):
        yield [one, other]


def people(served: Running) -> Any:
    return served.runtime.channels.stub(IdentityServiceStub, "identity", identity=Identity(None, "edge"))


async def register(served: Running) -> Any:
    request = identity_service_pb2.RegisterRequest(username="ada", password=PASSWORD)
    return await people(served).Register(request)


async def outcomes(calls: list[Awaitable[Any]]) -> tuple[int, set[reason_pb2.Reason.ValueType]]:
    """How many succeeded, and why the others did not."""
    ends = await asyncio.gather(*calls, return_exceptions=True)
    refused = [end for end in ends if isinstance(end, BaseException)]
    assert all(isinstance(end, CallError) for end in refused), refused
    return len(ends) - len(refused), {end.reason for end in refused if isinstance(end, CallError)}


async def test_a_code_of_the_app_and_a_recovery_code(processes: list[Running]) -> None:
    account = (await register(processes[0])).account
    ada = Identity(Principal(account.account_id, policy_pb2.ACCESS_ROLE_STUDENT), "edge")
    own = processes[0].runtime.channels.stub(AccountServiceStub, "identity", identity=ada)
    start = account_service_pb2.StartSecondFactorRequest(password=PASSWORD)
    totp = pyotp.TOTP((await own.StartSecondFactor(start)).secret)
    now = processes[0].runtime.clock.now().timestamp()
    confirm = account_service_pb2.ConfirmSecondFactorRequest(code=totp.at(now - 30))
    recovery = (await own.ConfirmSecondFactor(confirm)).recovery_codes[0]
    for code in (totp.at(now), recovery):
        request = identity_service_pb2.LoginRequest(username="ada", password=PASSWORD, code=code)
        calls = [people(processes[number % 2]).Login(request) for number in range(AT_ONCE)]
        assert await outcomes(calls) == (1, {reason_pb2.REASON_WRONG_CREDENTIALS})


@pytest.mark.parametrize("attempt", range(3))
async def test_two_first_sign_ins_of_one_person_with_a_provider_find_one_account(
    processes: list[Running], attempt: int
) -> None:
    person = Person(f"subject-{attempt}", "ada@example.org", "Ada")
    desks = [Desk.build(processes[number % 2].runtime) for number in range(AT_ONCE)]
    found = await asyncio.gather(*(desk.providers.account_of("example", person) for desk in desks))
    assert len({account.account_id for account in found}) == 1
    async with processes[0].runtime.database.reading() as reader:
        assert len((await reader.execute(select(accounts))).all()) == 1


async def test_a_refresh_token(processes: list[Running]) -> None:
    tokens = (await register(processes[0])).tokens
    request = identity_service_pb2.RefreshTokensRequest(refresh_token=tokens.refresh_token)
    calls = [people(processes[number % 2]).RefreshTokens(request) for number in range(AT_ONCE)]
    assert await outcomes(calls) == (1, {reason_pb2.REASON_TOKEN_INVALID})
