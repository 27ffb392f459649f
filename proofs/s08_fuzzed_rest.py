"""Whatever comes by REST, the edge answers as OpenAPI says, with no 5xx, and every error a `google.rpc.Status`."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis.errors import Flaky
from schemathesis.auths import KeyedCachingAuthProvider
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import Interaction, ScenarioRecorder

from mesh.config import Settings
from proofs import systems
from proofs.callers.endings import NotAStatus, of_rest_error
from proofs.callers.library import filled_library
from proofs.callers.signed_cases import MAIN, Accounts, Senders
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from tests.e2e.system import LocalSystem

OPENAPI = Path(__file__).parents[1] / "gateway" / "openapi.json"
LEAST_CASES = 10_000
LEAST_IN_SEQUENCES = 1_000
# One thread: in Python 3.11 more of them trip over each other in the fuzzer's own compiler.
AT_ONCE = 1
ANSWER_SECONDS = 30.0
# A watch of something that waits for a worker has nothing more to say.
WATCH_SECONDS = 2.0
WATCHES = ("watchDocument", "watchVideo")
# A case may end the session of any account: who sends the next ones has to notice soon.
TOKEN_SECONDS = 1
SEQUENCES = "stateful"
# QUERY is left out: without a content type Envoy refuses it as 400 before it looks for its path.
OTHER_VERBS = ("get", "put", "post", "delete", "options", "patch", "trace")
# Of many equal faults one is told, with how often it was seen.
MOST_TOLD = 40
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "allow_header_conformance",
    "unsupported_method",
    "use_after_free",
)


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Cases from the document through the edge: every rule of a field, then what a fuzzer finds, then sequences."""
    system = await asyncio.to_thread(
        systems.start,
        ground,
        render_workers=0,
        principal_limit=0,
        address_limit=0,
        trusted_proxies=1,
    )
    try:
        return await asyncio.to_thread(_fuzzed, system, seed, size)
    finally:
        await asyncio.to_thread(system.stop)


def _fuzzed(system: LocalSystem, seed: int, size: Size) -> Numbers:
    with _accounts(system) as accounts:
        filled_library(system, accounts.token(MAIN))
        judge = Judge()
        while judge.cases < size.of(short=1, long=LEAST_CASES):
            _round(judge, _schema(system, accounts, seed, size))
            seed += 1
        # The fuzzer gives sequences up where the state of the system makes one of them end otherwise than before.
        while judge.phases[SEQUENCES] < size.of(short=1, long=LEAST_IN_SEQUENCES):
            _round(judge, _schema(system, accounts, seed, size, only_sequences=True))
            seed += 1
    numbers = Numbers(judge.cases)
    for fault, count in judge.faults.most_common(MOST_TOLD):
        numbers.check(False, f"{count} times: {fault}{judge.examples.get(fault, '')}")
    statuses = {str(status): count for status, count in sorted(judge.statuses.items())}
    numbers.measured(phases=dict(judge.phases), statuses=statuses, operations=len(judge.operations))
    numbers.measured(answered_well=len(judge.answered), reasons=dict(judge.reasons.most_common()))
    in_sequences = {str(status): count for status, count in sorted(judge.in_sequences.items())}
    numbers.measured(statuses_in_sequences=in_sequences)
    numbers.check(
        judge.in_sequences[401] <= judge.in_sequences.total() // 2,
        f"few sequences were let in: {in_sequences}",
    )
    return numbers


def _round(judge: "Judge", schema: Any) -> None:
    before = judge.cases
    for event in from_schema(schema).execute():
        judge.hear(event)
    if judge.cases == before:
        raise RuntimeError("the fuzzer sent nothing")


@contextmanager
def _accounts(system: LocalSystem) -> Iterator[Accounts]:
    settings = Settings.from_environment({**system.environment, "MOOTION_LOG_LEVEL": "error"})
    accounts = Accounts(settings)
    try:
        yield accounts
    finally:
        accounts.close()


def _schema(
    system: LocalSystem, accounts: Accounts, seed: int, size: Size, *, only_sequences: bool = False
) -> Any:
    """The document as Schemathesis reads it, with what to send and what to check."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    config = SchemathesisConfig.from_dict(_configuration(system.url, seed, size, only_sequences))
    schema: Any = schemathesis.openapi.from_dict(json.loads(OPENAPI.read_text()), config=config)
    senders = Senders(accounts)
    schema.auth.providers.append(
        KeyedCachingAuthProvider(senders, refresh_interval=TOKEN_SECONDS, cache_by_key=senders.who)
    )
    return schema


def _configuration(url: str, seed: int, size: Size, only_sequences: bool) -> dict[str, Any]:
    is_long = size is Size.LONG and not only_sequences
    return {
        "seed": seed,
        "base-url": url,
        "workers": AT_ONCE,
        "continue-on-failure": True,
        "request-timeout": ANSWER_SECONDS,
        "operations": [{"include-operation-id": name, "request-timeout": WATCH_SECONDS} for name in WATCHES],
        "suppress-health-check": ["all"],
        "generation": {
            "database": "none",
            "no-shrink": True,
            "max-examples": size.of(short=3, long=120),
        },
        "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
        "phases": {
            "examples": {"enabled": is_long},
            "coverage": {"enabled": is_long, "unexpected-methods": list(OTHER_VERBS)},
            "fuzzing": {"enabled": not only_sequences},
            SEQUENCES: {"generation": {"max-examples": size.of(short=4, long=300)}},
        },
    }


@dataclass
class Judge:
    """Counts what was sent and what came back, and every answer that the document does not promise."""

    cases: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    in_sequences: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    def hear(self, event: events.EngineEvent) -> None:
        """Takes what the fuzzer tells."""
        if isinstance(event, events.ScenarioFinished):
            self._scenario(event.phase.value, event.recorder)
        elif isinstance(event, events.NonFatalError) and not isinstance(event.value, Flaky):
            # Flaky is a fault that was told already and did not come a second time.
            self._fault(f"{event.label}: {event.info.title}: {event.info.message[:300]}")
        elif isinstance(event, events.FatalError):
            raise event.exception

    def _scenario(self, phase: str, recorder: ScenarioRecorder) -> None:
        for case_id, interaction in recorder.interactions.items():
            node = recorder.cases.get(case_id)
            label = node.value.operation.label if node is not None else recorder.label
            self.cases += 1
            self.phases[phase] += 1
            self.operations.add(label)
            if phase == SEQUENCES and interaction.response is not None:
                self.in_sequences[interaction.response.status_code] += 1
            self._answer(label, interaction)
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.status is Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info.failure
                    said = f"{failure.operation}: {failure.title}: {failure.message[:300]}"
                    self._fault(said, recorder.interactions.get(case_id))

    def _answer(self, label: str, interaction: Interaction) -> None:
        response = interaction.response
        if response is None:
            self._fault(f"{label}: no answer", interaction)
            return
        self.statuses[response.status_code] += 1
        if response.status_code < 400:
            self.answered.add(label)
            return
        if interaction.request.method == "HEAD":
            return
        try:
            content_type = (response.headers.get("content-type") or [""])[0]
            ending = of_rest_error(content_type, json.loads(response.content or b"null"))
        except (NotAStatus, ValueError) as reason:
            self._fault(f"{label}: {response.status_code}: {reason}", interaction)
            return
        self.reasons[ending.reason] += 1
        if response.status_code >= 500 or ending.reason == "OVERLOADED":
            self._fault(f"{label}: {response.status_code} {ending}", interaction)

    def _fault(self, said: str, interaction: Interaction | None = None) -> None:
        self.faults[said] += 1
        if interaction is not None:
            request = interaction.request
            body = (request.body or b"")[:200]
            self.examples.setdefault(said, f" (such as {request.method} {request.uri[:300]} {body!r})")
