"""Every replica of every service is ended by SIGTERM and started again under load: no caller sees a failure."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import httpx2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from tests.e2e.calls import SAMPLE, ok, upload
from tests.e2e.full_system import NOTICED_SECONDS, FullSystem, Process, prepared, running
from tests.e2e.test_rolling_restarts_are_not_noticed import (
    FEWEST,
    MOST_ROUNDS,
    RESTARTED,
    Load,
    watch_by_grpc,
    watch_by_rest,
)

# What the services of the load ask; search has one replica where its index is embedded and has one writer.
ALL = ("answer", "document", "flowchart", "llm", "quiz", "video")
HEALTH_SECONDS = 10.0


class PatientSystem(FullSystem):
    """Its clients wait longer than a round of restarts takes: a watch says nothing while nothing changes."""

    def client(self) -> httpx2.Client:
        """See `FullSystem.client`."""
        made = super().client()
        made.timeout = 900
        return made


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """A process for each replica, behind Envoy; open watches by REST and gRPC all the time."""
    services = RESTARTED if size is Size.SHORT else ALL
    watchers, numbers = size.of(short=2, long=6), Numbers(0)
    found = prepared(
        ground.folder / "system",
        services=services,
        replicas=dict.fromkeys(services, 2),
        workers=(),
        engines=ground.urls,
        log_level="warning",
    )
    system = PatientSystem(found.environment, found.folder, found.services, found.workers, found.edge)
    await asyncio.to_thread(_roll, numbers, system, services, watchers)
    return numbers


def _roll(numbers: Numbers, system: FullSystem, services: tuple[str, ...], watchers: int) -> None:
    with running(system, "/v1/documents"):
        for path in ("/v1/quizzes", "/v1/videos"):
            system.wait_until_healthy(path)
        with system.client() as client:
            document_id = ok(upload(client, SAMPLE.read_bytes(), "watched.pdf"))["document"]["documentId"]
        load = Load(system, document_id)
        with ThreadPoolExecutor(2 * watchers) as pool:
            rest = [pool.submit(watch_by_rest, system, document_id) for _ in range(watchers)]
            by_grpc = [
                pool.submit(lambda: asyncio.run(watch_by_grpc(system, document_id))) for _ in range(watchers)
            ]
            with load.going_on():
                for _ in range(MOST_ROUNDS):
                    for service in services:
                        _restart_each(numbers, system, service)
                    if load.fewest() > FEWEST:
                        break
            with system.client() as client:
                ok(client.post(f"/v1/documents/{document_id}:cancel", json={}))
            seen = [each.result(180) for each in rest]
            sequences = [*(found for found, _ in seen), *(each.result(180) for each in by_grpc)]
    _judge(numbers, load, sequences, max(opened for _, opened in seen))


def _restart_each(numbers: Numbers, system: FullSystem, service: str) -> None:
    """Ends the replicas in turn; each says NOT_SERVING before it stops answering."""
    for replica in system.services[service]:
        replica.ask_to_stop()
        said = _last_words(replica)
        code = replica.wait()
        numbers.check("NOT_SERVING" in said, f"{replica.name} never said NOT_SERVING, only {said}")
        numbers.check(code == 0, f"{replica.name} ended with status {code}")
        replica.start()
        began = time.monotonic()
        while not replica.is_serving():
            if time.monotonic() - began > 240:
                raise RuntimeError(f"{replica.name} does not serve again")
            time.sleep(0.1)
        time.sleep(NOTICED_SECONDS)
        numbers.n += 1


def _last_words(replica: Process) -> list[str]:
    """What the health of a replica that stops is said to be, until it answers no more."""
    said: list[str] = []
    give_up = time.monotonic() + HEALTH_SECONDS
    with grpc.insecure_channel(f"127.0.0.1:{replica.environment['MOOTION_GRPC_PORT']}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        while time.monotonic() < give_up:
            try:
                reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=2)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:  # a busy machine
                    continue
                return said
            name = health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)
            said += [name] if name not in said else []
            time.sleep(0.02)
    return said


def _judge(numbers: Numbers, load: Load, sequences: list[list[int]], opened: int) -> None:
    calls = dict(load.outcomes)
    failures = {outcome: count for outcome, count in calls.items() if not outcome.endswith(" 200")}
    numbers.measured(
        restarts=numbers.n, calls=sum(calls.values()), failures=sum(failures.values()), watches=len(sequences)
    )
    numbers.measured(most_reopened=opened - 1)
    numbers.check(not failures, f"calls that failed: {failures}")
    numbers.check(load.fewest() > FEWEST, f"too few calls: {calls}")
    torn = [each for each in sequences if each != sorted(set(each))]
    numbers.check(not torn, f"watches that repeated or lost their order: {torn[:3]}")
    lasts = {each[-1] for each in sequences}
    numbers.check(len(lasts) == 1, f"watches ended at different states: {lasts}")
