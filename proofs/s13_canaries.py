"""No reply, log line, span or metric holds a secret, whatever handler fails in whatever way."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx2
from google.protobuf.message import Message
from mootion.audit.v1 import audit_service_pb2
from mootion.flowchart.v1 import flowchart_service_pb2
from mootion.policy.v1 import policy_pb2

from mesh.policy import Method, method
from mesh.runtime import Runtime
from mesh.signature import SIGNATURE_KEY
from mesh.testing import free_port
from proofs import systems
from proofs.attacks import obedient_engine
from proofs.callers import doors
from proofs.callers.belongings import read_document
from proofs.callers.doors import Door, Outcome
from proofs.callers.people import PASSWORD, House, Person, moved_in
from proofs.callers.valid_requests import requests_of
from proofs.callers.written_documents import written
from proofs.faults import raised_exceptions
from proofs.ground import KEYS, Ground, Size
from proofs.numbers import Numbers
from proofs.watching import collector
from proofs.watching.collector import Collector
from tests.e2e.system import LocalSystem

_LIST_AUDIT = "/mootion.audit.v1.AuditService/ListAuditEntries"
_GENERATE_MAP = "/mootion.flowchart.v1.FlowchartService/GenerateFlowchart"
_SPANS_WAIT_SECONDS = 6.0
# An exception of these kinds means something to the mesh, which says so to the caller.
_CODES = ("INTERNAL", "DEADLINE_EXCEEDED", "UNAVAILABLE", "RESOURCE_EXHAUSTED")


@dataclass(frozen=True)
class Canaries:
    """Texts that must not be found where they do not belong, by what they stand for.

    Args:
        kept: of the system itself: in no reply, log, span or metric.
        told: by callers, who may get their own words back: in no log, span or metric.
    """

    kept: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, seed: int) -> "Canaries":
        """Texts that nothing else has."""
        chance = random.Random(seed)

        def made(name: str) -> str:
            return f"canary-{name}-{chance.getrandbits(64):016x}"

        kept = ("raised", "engine-key", "mail-password", "provider-secret", "store-secret", "environment")
        told = (
            "query",
            "fragment",
            "token",
            "cookie",
            "api-key",
            "password",
            "refresh",
            "reset",
            "code",
            "text",
        )
        return cls(
            {name: made(name) for name in kept} | {"mesh-key": KEYS["MOOTION_MESH_KEY"]},
            {name: made(name) for name in told} | {"a good password": PASSWORD},
        )


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Every handler fails by a hook, behind the edge and at the port; then secrets are sent in every place for them."""
    numbers, canaries = Numbers(0), Canaries.of(seed)
    async with _system(ground, canaries) as found:
        await _Proof(numbers, canaries, found, size).run()
    return numbers


@dataclass(frozen=True)
class _System:
    local: LocalSystem
    ways: dict[str, Door]
    runtime: Runtime
    engine: obedient_engine.Engine
    collector: Collector


@asynccontextmanager
async def _system(ground: Ground, canaries: Canaries) -> AsyncIterator[_System]:
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(obedient_engine.serving())
        engine.fails = True
        spans = await stack.enter_async_context(collector.collecting())
        also = {
            **raised_exceptions.variables(canaries.kept["raised"]),
            "OPENAI_API_KEY": canaries.kept["engine-key"],
            "OPENAI_BASE_URL": engine.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": spans.url,
            "AN_ENVIRONMENT_CANARY": canaries.kept["environment"],
        }
        if ground.is_embedded:
            also |= {
                "AWS_ACCESS_KEY_ID": "somebody",
                "AWS_SECRET_ACCESS_KEY": canaries.kept["store-secret"],
            }
        mail = f"smtp://somebody:{canaries.kept['mail-password']}@127.0.0.1:1"
        start = partial(
            systems.start,
            ground,
            also=also,
            render_workers=0,
            local_principal="off",
            principal_limit=0,
            log_level="info",
            metrics_port=free_port(),
            smtp_url=mail,
            oidc_school_issuer="http://127.0.0.1:1",
            oidc_school_client_id="somebody",
            oidc_school_client_secret=canaries.kept["provider-secret"],
            oidc_redirects="http://127.0.0.1/signed-in",
        )
        local = await asyncio.to_thread(start)
        stack.push_async_callback(asyncio.to_thread, local.stop)
        targets = {
            "port": f"127.0.0.1:{local.environment['MOOTION_GRPC_PORT']}",
            "edge": f"127.0.0.1:{local.edge_port}",
        }
        ways = await stack.enter_async_context(doors.opened(**targets))
        runtime = await stack.enter_async_context(systems.beside(local, "admin"))
        yield _System(local, ways, runtime, engine, spans)


class _Proof:
    def __init__(self, numbers: Numbers, canaries: Canaries, system: _System, size: Size) -> None:
        self.numbers = numbers
        self.canaries = canaries
        self.system = system
        self.is_long = size is Size.LONG
        self.replies: list[tuple[str, str]] = []
        self.codes: dict[str, int] = {}

    async def run(self) -> None:
        house = await moved_in(self.system.ways["port"], self.system.runtime.settings)
        await self._handlers_fail(house)
        failed = self.numbers.n
        await self._secrets_are_told()
        await self._engine_fails(house.owner)
        audit = audit_service_pb2.ListAuditEntriesRequest(page_size=100)
        await self._keep(house.admin, _LIST_AUDIT, audit)
        await self.system.collector.settle(_SPANS_WAIT_SECONDS)
        metrics = await self._metrics()
        self._none_is_found(house, metrics)
        self.numbers.measured(
            handlers=len(doors.methods()),
            kinds=len(raised_exceptions.KINDS),
            failed=failed,
            codes=dict(sorted(self.codes.items())),
            replies=len(self.replies),
            spans=self.system.collector.spans,
            log_bytes=len(self.system.local.log()),
            engine_asked=self.system.engine.asked,
        )

    async def _handlers_fail(self, house: House) -> None:
        async with httpx2.AsyncClient(base_url=self.system.local.url, timeout=60) as client:
            for number, each in enumerate(doors.methods()):
                request = requests_of(each, lambda path, name: "nothing")[0].request
                for turn, kind in enumerate(self._kinds(number)):
                    await self._fails_inside(each, request, kind, house.admin)
                    # What is limited is not asked more often than its limit allows.
                    if "edge" in each.callers and (turn == 0 or not each.policy.limits):
                        await self._fails_outside(each, request, kind, house.admin)
                        await self._fails_by_rest(client, each, request, kind, house.admin)

    def _kinds(self, number: int) -> list[str]:
        """All, or two that move on with each method."""
        every = raised_exceptions.KINDS
        return list(every) if self.is_long else [every[(2 * number + turn) % len(every)] for turn in (0, 1)]

    async def _fails_inside(self, each: Method, request: Message, kind: str, admin: Person) -> None:
        said = {"mootion-caller": min(each.callers)}
        if each.policy.least_role != policy_pb2.ACCESS_ROLE_SERVICE:
            said |= {"mootion-principal": admin.account_id, "mootion-role": "ADMIN"}
        signed = said | {SIGNATURE_KEY: self.system.runtime.signer.sign(each.path, said)}
        outcome = await self._call("port", each, request, signed | {raised_exceptions.HEADER: kind})
        self._failed(f"{each.path} ({kind}) at the port", outcome)

    async def _fails_outside(self, each: Method, request: Message, kind: str, admin: Person) -> None:
        headers = {**admin.headers, raised_exceptions.HEADER: kind}
        outcome = await self._call("edge", each, request, headers)
        self._failed(f"{each.path} ({kind}) at the edge", outcome)

    async def _call(self, door: str, each: Method, request: Message, headers: dict[str, str]) -> Outcome:
        outcome = await self.system.ways[door].call(each, request, headers, patient=False)
        self.numbers.n += 1
        self.replies.append((f"{each.path} at the {door}", outcome.text()))
        return outcome

    def _failed(self, where: str, outcome: Outcome) -> None:
        self.codes[outcome.told()] = self.codes.get(outcome.told(), 0) + 1
        self.numbers.check(
            outcome.code in _CODES and outcome.reason != "", f"{where}: {outcome.told()} {outcome.message}"
        )

    async def _fails_by_rest(
        self, client: httpx2.AsyncClient, each: Method, request: Message, kind: str, admin: Person
    ) -> None:
        if not each.http_rules:
            return
        rest = doors.rest_request(each, request)
        headers = {**admin.headers, raised_exceptions.HEADER: kind}
        body = rest.body if rest.is_json else None
        reply = await client.request(rest.verb, rest.path, params=[*rest.query], json=body, headers=headers)
        self.numbers.n += 1
        where = f"{rest.verb} {rest.path} ({kind})"
        self.replies.append((where, f"{reply.headers} {reply.text}"))
        told = f"HTTP {reply.status_code}"
        self.codes[told] = self.codes.get(told, 0) + 1
        is_ours = reply.status_code == 429 or (reply.status_code >= 500 and '"reason"' in reply.text)
        self.numbers.check(is_ours, f"{where}: {told} {reply.text[:200]}")

    async def _secrets_are_told(self) -> None:
        """By callers, in every place where somebody may put one."""
        told = self.canaries.told
        async with httpx2.AsyncClient(base_url=self.system.local.url, timeout=60) as client:
            for verb, path, options in _requests(told):
                reply = await client.request(verb, path, **options)  # type: ignore[arg-type]
                self.numbers.n += 1
                self.replies.append((f"{verb} {path.partition('?')[0]}", f"{reply.headers} {reply.text}"))

    async def _engine_fails(self, person: Person) -> None:
        """The engine repeats key and prompt in its refusal; the built-in one stands in."""
        text = f"A wave is a disturbance that carries energy. {self.canaries.told['text']}."
        document_id = await read_document(person, written("Waves", [text] * 4), "waves.docx")
        request = flowchart_service_pb2.GenerateFlowchartRequest(document_id=document_id)
        await self._keep(person, _GENERATE_MAP, request)
        self.numbers.check(self.system.engine.asked > 0, "the engine was never asked")

    async def _keep(self, person: Person, path: str, request: Message) -> None:
        outcome = await self._call("port", method(path), request, dict(person.headers))
        self.numbers.check(outcome.is_ok, f"{path}: {outcome.told()} {outcome.message}")

    async def _metrics(self) -> str:
        port = self.system.local.environment["MOOTION_METRICS_PORT"]
        async with httpx2.AsyncClient(timeout=30) as client:
            return (await client.get(f"http://127.0.0.1:{port}/metrics")).text

    def _none_is_found(self, house: House, metrics: str) -> None:
        log, spans = self.system.local.log(), "\n".join(self.system.collector.texts)
        self.numbers.check(
            self.system.collector.spans > 0, "no span arrived, so that nothing is known of them"
        )
        self.numbers.check(
            "unexpected failure" in log, "no failure was logged, so that nothing is known of logs"
        )
        tokens = {
            f"a token of {each.name}": token
            for each in house.callers
            for token in (each.tokens.access_token, each.tokens.refresh_token)
            if token
        }
        for name, canary in {**self.canaries.kept, **self.canaries.told, **tokens}.items():
            for sink, text in (("logs", log), ("spans", spans), ("metrics", metrics)):
                self.numbers.check(canary not in text, f"{name} is in the {sink}: {_around(text, canary)}")
        for where, text in self.replies:
            for name, canary in {**self.canaries.kept, **tokens}.items():
                self.numbers.check(canary not in text, f"{name} is in the reply of {where}")


def _requests(told: dict[str, str]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Each with one secret where it may stand."""
    for path in (
        "/v1/search",
        "/v1/documents",
        "/v1/nothing",
        "/v1/videos/x/content",
        "/.well-known/jwks.json",
    ):
        yield "GET", f"{path}?query={told['query']}&access_token={told['query']}", {}
    yield "GET", f"/v1/documents?x=%23{told['fragment']}", {}
    yield "GET", "/v1/account", {"headers": {"authorization": f"Bearer {told['token']}"}}
    yield "GET", "/v1/account", {"headers": {"authorization": f"Basic {told['token']}"}}
    yield "GET", "/v1/account", {"headers": {"cookie": f"__Host-mootion-access={told['cookie']}"}}
    yield "GET", "/v1/account", {"headers": {"x-api-key": f"mk_{told['api-key']}"}}
    for path, body in (
        ("login", {"username": "owner", "password": told["password"], "code": told["code"]}),
        ("register", {"username": "new.one", "password": told["password"], "email": told["password"]}),
        ("refresh", {"refreshToken": told["refresh"]}),
        ("resetPassword", {"resetToken": told["reset"], "newPassword": told["password"]}),
        ("completeSignIn", {"state": told["token"], "authorizationCode": told["code"]}),
        ("requestPasswordReset", {"username": "owner"}),
        ("startSignIn", {"provider": "school", "redirectUri": f"http://127.0.0.1/signed-in?{told['query']}"}),
        ("login", {"password": {"nested": told["password"]}}),
    ):
        yield "POST", f"/v1/auth:{path}", {"json": body}
    yield "POST", "/v1/auth:login", {"content": f'{{"password": "{told["password"]}" broken'}


def _around(text: str, canary: str) -> str:
    """Where a canary was found, without it."""
    at = text.find(canary)
    return repr(text[max(0, at - 120) : at])
