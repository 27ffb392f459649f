"""Whatever comes by REST, the edge answers as OpenAPI says, with no 5xx, and every error a `google.rpc.Status`."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema

from mesh.runtime import Runtime
from proofs import systems
from proofs.callers import doors, openid_provider
from proofs.callers.account_states import AccountStates
from proofs.callers.belongings import furnish
from proofs.callers.doors import Door
from proofs.callers.expendable import Things
from proofs.callers.fuzzed_answers import SEQUENCES, Judge
from proofs.callers.openid_provider import OpenIdProvider
from proofs.callers.people import moved_in
from proofs.callers.prepared_cases import PreparedCases
from proofs.callers.signed_cases import Crowd, Senders
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from tests.e2e.system import LocalSystem

OPENAPI = Path(__file__).parents[1] / "gateway" / "openapi.json"
LESSON = Path(__file__).parents[1] / "examples" / "waves-and-sound.pdf"
LEAST_CASES = 10_000
LEAST_IN_SEQUENCES = 1_000
# Operations that no case can have answered with 2xx, by label, such as `GET /v1/search`, and why.
NEVER_ANSWERED: dict[str, str] = {}
# In short there are two cases for each operation.
LEAST_ANSWERED_IN_SHORT = 30
MOST_REFUSED_IN_SEQUENCES = 0.1
# One thread: in Python 3.11 more of them trip over each other in the fuzzer's own compiler.
AT_ONCE = 1
ANSWER_SECONDS = 30.0
# A watch of something that waits for a worker has nothing more to say.
WATCH_SECONDS = 2.0
WATCHES = ("watchDocument", "watchVideo")
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
    with openid_provider.opened() as provider:
        start = partial(systems.start, ground, also=provider.variables(), render_workers=0)
        limits = {"principal_limit": 0, "address_limit": 0, "trusted_proxies": 1}
        system = await asyncio.to_thread(partial(start, local_principal="off", **limits))
        try:
            async with _prepared(system, provider, seed, size) as prepared:
                return await asyncio.to_thread(_fuzzed, system, prepared, seed, size)
        finally:
            await asyncio.to_thread(system.stop)


@asynccontextmanager
async def _prepared(
    system: LocalSystem, provider: OpenIdProvider, seed: int, size: Size
) -> AsyncIterator[PreparedCases]:
    """People who own one of each thing, in short the administrator alone, and a crowd."""
    port = f"127.0.0.1:{system.environment['MOOTION_GRPC_PORT']}"
    async with doors.opened(port=port) as ways, systems.beside(system, "render-worker") as runtime:
        senders = await _senders(ways["port"], runtime, size)
        states = AccountStates(runtime, senders.house, senders.crowd, provider)
        makers = {**Things(runtime).makers(), **states.makers()}
        yield PreparedCases(asyncio.get_running_loop(), seed, senders, makers)


async def _senders(door: Door, runtime: Runtime, size: Size) -> Senders:
    house = await moved_in(door, runtime.settings)
    owners = [house.admin] if size is Size.SHORT else [house.owner, house.teacher, house.admin]
    await asyncio.gather(*(furnish(each, LESSON.read_bytes(), LESSON.name, runtime) for each in owners))
    return Senders(house, owners, Crowd(door, size.of(short=2, long=24)))


def _fuzzed(system: LocalSystem, prepared: PreparedCases, seed: int, size: Size) -> Numbers:
    judge = Judge()
    with prepared.registered():
        _round(judge, _schema(system, seed, size))
        # The fuzzer gives sequences up where the state of the system makes one of them end otherwise than before.
        least_cases, least_in_sequences = (
            size.of(short=1, long=LEAST_CASES),
            size.of(short=1, long=LEAST_IN_SEQUENCES),
        )
        while judge.cases < least_cases or judge.phases[SEQUENCES] < least_in_sequences:
            seed += 1
            _round(judge, _schema(system, seed, size, only_sequences=True))
    numbers = Numbers(judge.cases)
    for fault, count in judge.faults.most_common(MOST_TOLD):
        numbers.check(False, f"{count} times: {fault}{judge.examples.get(fault, '')}")
    judge_depth(numbers, judge, size)
    senders = prepared.senders
    numbers.measured(prepared=prepared.prepared, not_prepared=prepared.refused.total())
    numbers.measured(waiting=judge.waiting, came_back=senders.came_back, replaced=senders.crowd.replaced)
    return numbers


def judge_depth(numbers: Numbers, judge: Judge, size: Size) -> None:
    """A run whose cases are all refused proves little: it fails."""
    statuses = {str(status): count for status, count in sorted(judge.statuses.items())}
    in_sequences = {str(status): count for status, count in sorted(judge.in_sequences.items())}
    numbers.measured(phases=dict(judge.phases), statuses=statuses, operations=len(judge.operations))
    numbers.measured(answered_well=len(judge.answered), reasons=dict(judge.reasons.most_common()))
    numbers.measured(
        statuses_in_sequences=in_sequences, refused_in_sequences=dict(judge.refused_in_sequences)
    )
    share = judge.in_sequences[401] / max(judge.in_sequences.total(), 1)
    never = sorted(judge.operations - judge.answered.keys())
    numbers.measured(share_of_401_in_sequences=share, never_answered=never)
    if size is Size.SHORT:
        enough = len(judge.answered) >= LEAST_ANSWERED_IN_SHORT
        numbers.check(enough, f"only {len(judge.answered)} operations were answered with 2xx")
        return
    told = NEVER_ANSWERED.keys()
    numbers.check(not set(never) - told, f"never answered with 2xx: {sorted(set(never) - told)}")
    numbers.check(told <= set(never), f"answered with 2xx against what is said: {sorted(told - set(never))}")
    numbers.check(share <= MOST_REFUSED_IN_SEQUENCES, f"few sequences were let in: {in_sequences}")


def _round(judge: Judge, schema: Any) -> None:
    before = judge.cases
    for event in from_schema(schema).execute():
        judge.hear(event)
    if judge.cases == before:
        raise RuntimeError("the fuzzer sent nothing")


def _schema(system: LocalSystem, seed: int, size: Size, *, only_sequences: bool = False) -> Any:
    """The document as Schemathesis reads it, with what to send and what to check."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    config = SchemathesisConfig.from_dict(_configuration(system.url, seed, size, only_sequences))
    return schemathesis.openapi.from_dict(json.loads(OPENAPI.read_text()), config=config)


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
            "max-examples": size.of(short=2, long=90),
        },
        "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
        "phases": {
            "examples": {"enabled": is_long},
            "coverage": {"enabled": is_long, "unexpected-methods": list(OTHER_VERBS)},
            "fuzzing": {"enabled": not only_sequences},
            SEQUENCES: {"generation": {"max-examples": size.of(short=4, long=300)}},
        },
    }
