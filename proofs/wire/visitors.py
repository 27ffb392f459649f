"""Who makes the calls of S15, and what there is for them to ask for."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from mootion.identity.v1 import account_service_pb2, identity_service_pb2
from mootion.search.v1 import search_service_pb2

from mesh.config import Settings
from mesh.policy import method
from proofs.callers.doors import Door
from proofs.callers.library import filled_library
from proofs.callers.people import Person, moved_in
from tests.e2e.calls import ok, upload_and_wait
from tests.e2e.system import LocalSystem

# Every service asks once a second which sessions have ended.
REVOCATION_SECONDS = 5.0
# What a principal may search for in a minute.
SEARCHES = 20
UNREADABLE = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog"
T = TypeVar("T")


@dataclass(frozen=True)
class Visitors:
    """Callers by name, and the values of placeholders such as `{document_id}`."""

    headers: Mapping[str, Mapping[str, str]]
    things: Mapping[str, str]

    @classmethod
    async def of(cls, system: LocalSystem) -> "Visitors":
        """Registers everybody and makes what they ask for."""
        settings = Settings.from_environment({**system.environment, "MOOTION_LOG_LEVEL": "error"})
        async with grpc.aio.insecure_channel(f"{settings.bind_host}:{settings.grpc_port}") as channel:
            door = Door("port", channel)
            house = await moved_in(door, settings)
            crowd, left = Person("crowd", door), Person("left", door)
            await asyncio.gather(crowd.register(), left.register())
            await left.call(
                "/mootion.identity.v1.IdentityService/Logout", identity_service_pb2.LogoutRequest()
            )
            key = await _key(house.owner)
            things = await asyncio.to_thread(_things, system, house.owner.tokens.access_token)
            await asyncio.gather(asyncio.sleep(REVOCATION_SECONDS), _search_often(crowd))
        token = house.owner.tokens.access_token
        return cls(
            {
                **{each.name: each.headers for each in (house.owner, house.other, house.admin, crowd, left)},
                "nobody": {},
                "garbage": {"authorization": "Bearer not.a.token"},
                "changed": {"authorization": f"Bearer {token[:-8]}{'A' * 8}"},
                "reader": {"x-api-key": key},
                "no-key": {"x-api-key": f"mk_{'A' * 43}"},
            },
            {**things, "admin_id": house.admin.account_id},
        )

    def shown(self, who: str) -> Mapping[str, str]:
        """What a caller shows."""
        return self.headers[who]

    def filled(self, value: T) -> T:
        """A request with the names of things in place of placeholders."""
        found: Any = value
        if isinstance(value, str):
            found = self.things.get(value[1:-1], value) if value.startswith("{") else value
        elif isinstance(value, dict):
            found = {name: self.filled(each) for name, each in value.items()}
        elif isinstance(value, list):
            found = [self.filled(each) for each in value]
        return found  # type: ignore[no-any-return]


async def _key(owner: Person) -> str:
    request = account_service_pb2.CreateApiKeyRequest(name="reader", scopes=["document:read"])
    reply: Any = (await owner.call("/mootion.identity.v1.AccountService/CreateApiKey", request)).replies[0]
    return str(reply.key)


async def _search_often(crowd: Person) -> None:
    """As often as one may, so that the next time is too often."""
    search = method("/mootion.search.v1.SearchService/Search")
    for _ in range(SEARCHES):
        await crowd.door.call(search, search_service_pb2.SearchRequest(query="waves"), crowd.headers)


def _things(system: LocalSystem, token: str) -> dict[str, str]:
    known = filled_library(system, token)
    with system.client() as client:
        client.headers["authorization"] = f"Bearer {token}"
        flowchart = ok(client.get(f"/v1/documents/{known['document_id']}/flowchart"))["flowchart"]
        attempt = ok(client.post(f"/v1/quizzes/{known['quiz_id']}/attempts", json={}))["attempt"]["attemptId"]
        ok(client.post(f"/v1/attempts/{attempt}:submit", json={}))
        failed = upload_and_wait(client, UNREADABLE, "unreadable.pdf")
    return {
        **known,
        "etag": flowchart["etag"],
        "submitted_attempt_id": attempt,
        "failed_document_id": failed["documentId"],
    }
