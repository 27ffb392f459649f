"""Slow, cut and swallowed connections to each backend in turn: clean answers in time, and all well again afterwards."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx2

from proofs import systems
from proofs.faults.fault_proxy import Fault, FaultProxy, proxied
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from tests.e2e.calls import SAMPLE, ok, reason, upload, upload_and_wait
from tests.e2e.system import LocalSystem
from tests.integration.llm.model_server import model_server

QUICK = (Fault.LATENCY, Fault.RESET)
FAULTS = (Fault.LATENCY, Fault.SLOW, Fault.RESET, Fault.BLACK_HOLE)
VARIABLES = {"DATABASE_URL": "postgres", "REDIS_URL": "redis", "AMQP_URL": "rabbitmq", "BLOB_URL": "s3"}
# Every call, whatever fails, is over in its policy's deadline; this is the longest of those made here, and a bit.
LONGEST_SECONDS = {"upload": 121.0, "ask": 31.0, "map": 61.0}
USUAL_SECONDS = 11.0
# What a caller may be told where a backend fails: RESOURCE_EXHAUSTED, UNAVAILABLE, DEADLINE_EXCEEDED.
CLEAN_CODES = (4, 8, 14)
# What must go on as if nothing were, backend by backend. Redis and RabbitMQ may cost time and nothing else.
UNAFFECTED = {
    "redis": ("get", "list", "search", "upload", "map"),
    "rabbitmq": ("get", "list", "search", "upload", "map"),
    "s3": ("get", "list", "search"),
    "model": ("get", "list", "search", "upload", "map"),
    "postgres": (),
}
RECOVERY_SECONDS = 60.0


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Every backend stands behind a proxy of its own; calls come through the edge."""
    numbers, chance = Numbers(0), random.Random(seed)
    seconds = size.of(short=2, long=12)
    async with _proxies(ground) as (proxies, variables):
        system = await asyncio.to_thread(systems.start, ground, also=variables, log_level="error")
        try:
            document_id = await asyncio.to_thread(_prepare, system)
            for backend, proxy in proxies.items():
                faults = chance.sample(FAULTS, len(FAULTS))
                for fault in faults if size is Size.LONG else QUICK:
                    await _under(numbers, system, document_id, backend, proxy, fault, seconds)
        finally:
            for proxy in proxies.values():
                proxy.set(Fault.NONE)
            await asyncio.to_thread(system.stop)
    return numbers


@asynccontextmanager
async def _proxies(ground: Ground) -> AsyncIterator[tuple[Mapping[str, FaultProxy], Mapping[str, str]]]:
    """A proxy for each backend of this mode, and the variables that lead through them."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(model_server())
        backends = {"OPENAI_BASE_URL": model.url}
        backends |= {name: url for name, url in ground.urls.items() if name in VARIABLES}
        found: dict[str, FaultProxy] = {}
        variables = {
            "OPENAI_API_KEY": "not-a-key",
            "MOOTION_OPENAI_MODEL": "tester",
            "MOOTION_ENGINE": "openai",
        }
        for name, url in backends.items():
            port = urlsplit(url).port or _port_inside(url)
            proxy = await stack.enter_async_context(proxied(port))
            found[VARIABLES.get(name, "model")] = proxy
            variables[name] = url.replace(f":{port}", f":{proxy.port}")
        yield found, variables


def _port_inside(url: str) -> int:
    """The port of an S3 endpoint, which stands in the query of its URL."""
    return int(url.rpartition("endpoint=")[2].partition("&")[0].rpartition(":")[2].rpartition("%3A")[2])


def _prepare(system: LocalSystem) -> str:
    with system.client() as client:
        return str(upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)["documentId"])


async def _under(
    numbers: Numbers,
    system: LocalSystem,
    document_id: str,
    backend: str,
    proxy: FaultProxy,
    fault: Fault,
    seconds: float,
) -> None:
    """Calls of every kind while a fault lasts, side by side; then all of them must be answered again."""
    proxy.set(fault)
    answers = await _calls(system, document_id, seconds)
    proxy.set(Fault.NONE)
    numbers.n += sum(len(each) for each in answers.values())
    when = f"{backend}, {fault}"
    told = Counter(f"{name} {told}" for name, each in answers.items() for told, _ in each)
    slowest = max(took for each in answers.values() for _, took in each)
    failed = {name: count for name, count in told.items() if not name.endswith(" 200")}
    numbers.measured(**{when: {"calls": told.total(), "slowest_s": round(slowest, 2), "not 200": failed}})
    for name, each in answers.items():
        late = [took for _, took in each if took > LONGEST_SECONDS.get(name, USUAL_SECONDS)]
        numbers.check(not late, f"{when}: {name} took {late}")
        unclean = sorted({told for told, _ in each if not _is_clean(told)})
        numbers.check(not unclean, f"{when}: {name} was answered {unclean}")
        if name in UNAFFECTED[backend]:
            failing = Counter(told for told, _ in each if told != "200")
            numbers.check(not failing, f"{when}: {name} should not notice, but {dict(failing)}")
    numbers.measured(**{f"{when}: well again after s": await _recovered(numbers, system, document_id, when)})


def _is_clean(told: str) -> bool:
    return told == "200" or told.split()[1] in map(str, CLEAN_CODES)


async def _calls(system: LocalSystem, document_id: str, seconds: float) -> dict[str, list[tuple[str, float]]]:
    """Each kind of call one after the other for a time, all kinds at once; how each was answered, and when."""

    def repeat(name: str) -> list[tuple[str, float]]:
        answers: list[tuple[str, float]] = []
        give_up = time.monotonic() + seconds
        with system.client() as client:
            while time.monotonic() < give_up:
                began = time.monotonic()
                answers.append((_told(_KINDS[name](client, document_id)), time.monotonic() - began))
                time.sleep(0.25)
        return answers

    found = await asyncio.gather(*(asyncio.to_thread(repeat, name) for name in _KINDS))
    return dict(zip(_KINDS, found, strict=True))


def _told(reply: httpx2.Response) -> str:
    """200, or HTTP status, code and reason of a whole error."""
    if reply.status_code == 200:
        return "200"
    try:
        return f"{reply.status_code} {reply.json()['code']} {reason(reply)}"
    except (AssertionError, KeyError, StopIteration, ValueError):
        return f"{reply.status_code} unclean {reply.text[:200]}"


async def _recovered(numbers: Numbers, system: LocalSystem, document_id: str, when: str) -> float:
    """Seconds until a call of every kind is answered."""
    began, told = time.monotonic(), ["never asked"]
    with system.client() as client:
        while told and time.monotonic() - began < RECOVERY_SECONDS:
            answers = {
                name: _told(await asyncio.to_thread(call, client, document_id))
                for name, call in _KINDS.items()
            }
            told = [f"{name} {answer}" for name, answer in answers.items() if answer != "200"]
            await asyncio.sleep(0.2)
    numbers.check(not told, f"{when}: afterwards still {told}")
    return round(time.monotonic() - began, 2)


def _get(client: httpx2.Client, document_id: str) -> httpx2.Response:
    return client.get(f"/v1/documents/{document_id}")


def _list(client: httpx2.Client, document_id: str) -> httpx2.Response:
    return client.get("/v1/videos")


def _search(client: httpx2.Client, document_id: str) -> httpx2.Response:
    return client.get("/v1/search", params={"query": "sound"})


def _upload(client: httpx2.Client, document_id: str) -> httpx2.Response:
    reply = upload(client, b"%PDF-1.7\n" + random.randbytes(20_000), "fault.pdf")
    if reply.status_code == 200:
        ok(client.delete(f"/v1/documents/{reply.json()['document']['documentId']}"))
    return reply


def _map(client: httpx2.Client, document_id: str) -> httpx2.Response:
    return client.post(
        f"/v1/documents/{document_id}/flowchart:generate", json={"maxConcepts": random.randrange(5, 50)}
    )


_KINDS: dict[str, Callable[[httpx2.Client, str], httpx2.Response]] = {
    "get": _get,
    "list": _list,
    "search": _search,
    "upload": _upload,
    "map": _map,
}
