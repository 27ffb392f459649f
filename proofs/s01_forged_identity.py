"""Forged tokens and spoofed identity headers are refused at the edge and straight at the port of every service."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import httpx2
from google.protobuf import message_factory
from mootion.identity.v1 import account_service_pb2, identity_service_pb2
from mootion.policy.v1 import policy_pb2

from mesh.callers import COOKIE
from mesh.policy import Method, method
from mesh.runtime import Runtime
from proofs import systems
from proofs.attacks.forged_tokens import Forger
from proofs.attacks.spoofed_identity import Spoofing
from proofs.callers import doors
from proofs.callers.doors import Door, Outcome
from proofs.callers.people import Person
from proofs.ground import KEYS, Ground, Size
from proofs.numbers import Numbers
from services.identity.signing import SigningKeys
from tests.e2e.full_system import FullSystem, prepared, running
from tests.e2e.system import LocalSystem

_GET_ACCOUNT = "/mootion.identity.v1.AccountService/GetAccount"
_REVOKED_WITHIN_SECONDS = 5.0
# Not signed in, with a token of ours for somebody else, or refused before anybody reads who calls: headers that are too
# large, calls that are too many.
_REFUSALS = ("UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED")
_HTTP_REFUSALS = (400, 401, 403, 431)
Pairs = Sequence[tuple[str, str]]


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """One process in short, a process and a port for each service in long; nobody is anybody without a token there."""
    numbers = Numbers(0)
    async with _system(ground, size) as found:
        await _Proof(numbers, found, size).run()
    return numbers


@dataclass(frozen=True)
class _System:
    edge: Door
    ports: Mapping[str, Door]
    edge_url: str
    media_url: str
    runtime: Runtime


@asynccontextmanager
async def _system(ground: Ground, size: Size) -> AsyncIterator[_System]:
    async with AsyncExitStack() as stack:
        names = sorted({each.service for each in doors.methods()})
        system: LocalSystem | FullSystem
        if size is Size.SHORT:
            start = partial(systems.start, ground, render_workers=0, local_principal="off", principal_limit=0)
            system = await asyncio.to_thread(start)
            stack.push_async_callback(asyncio.to_thread, system.stop)
            ports = dict.fromkeys(names, f"127.0.0.1:{system.environment['MOOTION_GRPC_PORT']}")
            media = f"127.0.0.1:{system.environment['MOOTION_MEDIA_PORT']}"
        else:
            system = _apart(ground)
            await asyncio.to_thread(stack.enter_context, running(system))
            ports = {name: system.environment[f"MOOTION_{name.upper()}_ADDRESS"] for name in names}
            media = system.environment["MOOTION_MEDIA_ADDRESS"]
        edge = f"127.0.0.1:{system.edge_port}"
        ways = await stack.enter_async_context(doors.opened(edge=edge, **ports))
        runtime = await stack.enter_async_context(systems.beside(system, "admin"))
        yield _System(ways.pop("edge"), ways, f"http://{edge}", f"http://{media}", runtime)


def _apart(ground: Ground) -> FullSystem:
    return prepared(
        ground.folder / "system",
        workers=(),
        engines=ground.urls,
        log_level="warning",
        local_principal="off",
        principal_limit=0,
        mesh_key=KEYS["MOOTION_MESH_KEY"],
        data_key=KEYS["MOOTION_DATA_KEY"],
    )


class _Proof:
    def __init__(self, numbers: Numbers, system: _System, size: Size) -> None:
        self.numbers = numbers
        self.system = system
        self.methods = list(_tried(size))
        self.unsendable: set[str] = set()
        self.refusals: dict[str, int] = {}

    async def run(self) -> None:
        ada = Person("ada", self.system.ports["identity"])
        await ada.register()
        forger = await self._forger(ada)
        await self._good_ones_are_let_in(forger)
        shown = dict(_shown(forger))
        for each in self.methods:
            for door in (self.system.edge, self.system.ports[each.service]):
                await asyncio.gather(
                    *(self._refused(door, each, name, pairs) for name, pairs in shown.items())
                )
                spoofing = Spoofing(ada.account_id, self.system.runtime.signer, each.path)
                await self._spoofed(door, each, spoofing)
        await self._by_http(shown, forger)
        await self._spoofed_beside_a_token(ada, forger)
        self.numbers.measured(
            forgeries=len(shown),
            spoofings=len(Spoofing("", self.system.runtime.signer, "/").headers()),
            methods=len(self.methods),
            ports=len({id(door) for door in self.system.ports.values()}),
            unsendable=sorted(self.unsendable),
            refusals=dict(sorted(self.refusals.items())),
        )

    async def _forger(self, ada: Person) -> Forger:
        """Signs with the key of the system itself; knows a session that goes on and one that was ended."""
        runtime = self.system.runtime
        keys = SigningKeys(runtime.database, runtime.sealer, runtime.ids)
        key = await keys.signing_key(runtime.clock.now())
        first = await _session_of(ada)
        await ada.call("/mootion.identity.v1.IdentityService/Logout", identity_service_pb2.LogoutRequest())
        await asyncio.sleep(_REVOKED_WITHIN_SECONDS)
        await ada.sign_in()
        now = runtime.clock.now().timestamp()
        return Forger(key, now, ada.account_id, await _session_of(ada), "STUDENT", first)

    async def _good_ones_are_let_in(self, forger: Forger) -> None:
        """Else the refusals below would prove nothing."""
        for each in self.methods:
            for door in (self.system.edge, self.system.ports[each.service]):
                # A session of its own, since some of these methods end it.
                token = forger.signed(forger.claims(sid=uuid4().hex))
                outcome = await self._call(door, each, (("authorization", f"Bearer {token}"),))
                # A role that is too low is one that was believed.
                reason = "not sent" if outcome is None else outcome.reason
                refused = reason in ("not sent", "NO_PRINCIPAL", "TOKEN_INVALID", "CALLER_NOT_ALLOWED")
                told = outcome.told() if outcome else "not sent"
                self.numbers.check(not refused, f"a good token at {each.path} at the {door.name}: {told}")

    async def _refused(self, door: Door, each: Method, name: str, pairs: Pairs) -> None:
        outcome = await self._call(door, each, pairs)
        if outcome is None:
            self.unsendable.add(name)
            return
        self.refusals[outcome.told()] = self.refusals.get(outcome.told(), 0) + 1
        where = f"{name} at {each.path} at the {door.name}"
        self.numbers.check(outcome.code in _REFUSALS, f"{where}: {outcome.told()}")
        for _, value in pairs:
            secret = value.rpartition(" ")[2].rpartition("=")[2]
            self.numbers.check(
                len(secret) < 40 or secret[:40] not in outcome.text(), f"{where}: told the token"
            )

    async def _spoofed(self, door: Door, each: Method, spoofing: Spoofing) -> None:
        for name, pairs in spoofing.headers().items():
            await self._refused(door, each, f"spoofed: {name}", pairs)

    async def _call(self, door: Door, each: Method, pairs: Pairs) -> Outcome | None:
        """None for headers that cannot be sent by HTTP/2."""
        if any(not " " <= letter <= "~" for _, value in pairs for letter in value):
            return None
        self.numbers.n += 1
        request = message_factory.GetMessageClass(each.input)()
        return await door.call(each, request, pairs, patient=False)

    async def _by_http(self, shown: Mapping[str, Pairs], forger: Forger) -> None:
        """REST at the edge, and the port that gives videos out, which speaks HTTP/1.1."""
        urls = {
            f"{self.system.edge_url}/v1/account": 200,
            f"{self.system.edge_url}/v1/videos/none/content": 404,
            f"{self.system.media_url}/v1/videos/none/content": 404,
        }
        async with httpx2.AsyncClient(timeout=30) as client:
            for url, good in urls.items():
                reply = await client.get(url, headers={"authorization": f"Bearer {forger.signed()}"})
                self.numbers.check(reply.status_code == good, f"a good token at {url}: {reply.status_code}")
                spoofing = Spoofing(forger.account_id, self.system.runtime.signer, url.partition("//")[2])
                spoofed = {f"spoofed: {name}": pairs for name, pairs in spoofing.headers().items()}
                for name, pairs in {**shown, **spoofed}.items():
                    await self._refused_by_http(client, url, name, pairs)

    async def _refused_by_http(self, client: httpx2.AsyncClient, url: str, name: str, pairs: Pairs) -> None:
        try:
            reply = await client.get(url, headers=list(pairs))
        except (httpx2.LocalProtocolError, httpx2.RemoteProtocolError, ValueError):
            self.unsendable.add(f"{name} by HTTP")
            return
        self.numbers.n += 1
        told = f"HTTP {reply.status_code}"
        self.refusals[told] = self.refusals.get(told, 0) + 1
        self.numbers.check(reply.status_code in _HTTP_REFUSALS, f"{name} at {url}: {told}")

    async def _spoofed_beside_a_token(self, ada: Person, forger: Forger) -> None:
        """Whoever is signed in is no more by what else is said: refused, or as if it had not been said."""
        for door in (self.system.edge, self.system.ports["identity"]):
            spoofing = Spoofing("somebody-else", self.system.runtime.signer, _GET_ACCOUNT)
            for name, pairs in spoofing.headers().items():
                request = account_service_pb2.GetAccountRequest()
                headers = (*ada.headers.items(), *pairs)
                outcome = await door.call(method(_GET_ACCOUNT), request, headers)
                self.numbers.n += 1
                still_ada = outcome.is_ok and ada.account_id in outcome.text()
                holds = still_ada or outcome.code == "UNAUTHENTICATED"
                self.numbers.check(holds, f"{name} beside a token at the {door.name}: {outcome.told()}")


def _tried(size: Size) -> Iterator[Method]:
    """Methods that ask who calls: all, or one of each gRPC service."""
    seen: set[str] = set()
    for each in doors.methods():
        service = each.full_name.rpartition(".")[0]
        asks = each.policy.least_role != policy_pb2.ACCESS_ROLE_PUBLIC and "edge" in each.callers
        if asks and (size is Size.LONG or service not in seen):
            seen.add(service)
            yield each


def _shown(forger: Forger) -> Iterator[tuple[str, Pairs]]:
    """Every forgery as people show tokens, and what is no token at all."""
    good = forger.signed()
    for name, token in forger.forged().items():
        yield name, (("authorization", f"Bearer {token}"),)
    for name in ("no algorithm", "expired", "a revoked session", "another key of the same name"):
        yield f"{name}, as a cookie", (("cookie", f"{COOKIE}={forger.forged()[name]}"),)
    yield "nothing", ()
    yield "two headers, both good", (("authorization", f"Bearer {good}"),) * 2
    bad = f"Bearer {forger.forged()['expired']}"
    yield "two headers, the second good", (("authorization", bad), ("authorization", f"Bearer {good}"))
    yield "two headers, the first good", (("authorization", f"Bearer {good}"), ("authorization", bad))
    yield "two tokens in a header", (("authorization", f"Bearer {good}, {bad}"),)
    yield "another scheme", (("authorization", f"Basic {good}"),)
    yield "no scheme", (("authorization", good),)
    yield "a token as an API key", (("x-api-key", good),)
    yield "a made up API key", (("x-api-key", "mk_" + "A" * 43),)
    yield "a path as an API key", (("x-api-key", "../../keys/mesh.key"),)


async def _session_of(person: Person) -> str:
    request = account_service_pb2.ListSessionsRequest()
    reply = (await person.call("/mootion.identity.v1.AccountService/ListSessions", request)).replies[0]
    assert isinstance(reply, account_service_pb2.ListSessionsResponse)
    return next(each.session_id for each in reply.sessions if each.current)
