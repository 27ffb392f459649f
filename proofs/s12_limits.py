"""Exactly what a limit admits gets through: at once, under forged addresses, and as documented with its store down."""

import asyncio
import json
import math
import random
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from mesh.testing import free_port
from proofs import systems
from proofs.callers.flood import Answer, Call, at_once, summed
from proofs.ground import KEYS, Ground, Size
from proofs.numbers import Numbers
from tests.e2e.full_system import FullSystem, prepared, running

A_MINUTE = 100
SIGN_INS = 5
PROCESSES = 2
KEY_SET = "/.well-known/jwks.json"
ACCOUNT = "/v1/account"
PASSWORD = "correct horse battery"
# After a failure the store is left alone for a second, by each process.
_BACK_SECONDS, _LOOK_SECONDS = 15.0, 0.25
# Calls before the flood, which wait for the edge to answer, took from the bucket at most so long ago.
_START_SECONDS = 5.0
_TRIES = 3
_SETTINGS = {"local_principal": "off", "principal_limit": A_MINUTE, "max_calls": 4000, "log_level": "error"}


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """With real servers over two processes that count on Redis, whose end is part of it; embedded over one."""
    chance, parallel = random.Random(seed), size.of(short=300, long=1000)
    numbers = Numbers(parallel)
    async with _system(ground, address_limit=0) as system:
        proof = _Proof(numbers, system, chance, parallel)
        await proof.tokens_are_believed()
        await proof.an_account_calls_at_once()
        await proof.an_address_claims_to_be_others()
        if ground.servers is not None:
            ground.servers.redis.kill()
            await proof.the_store_is_down()
            await ground.servers.start(ground.servers.redis)
            await proof.the_store_is_back()
    if ground.is_embedded:
        # What Envoy counts by itself is the same on any store.
        async with _system(ground, "flooded", address_limit=A_MINUTE) as system:
            await _Proof(numbers, system, chance, parallel).an_address_floods()
    return numbers


@dataclass(frozen=True)
class _System:
    edge_port: int
    admin_port: int
    metrics_ports: Sequence[int]


@asynccontextmanager
async def _system(ground: Ground, name: str = "system", *, address_limit: int) -> AsyncIterator[_System]:
    settings: dict[str, Any] = {**_SETTINGS, "address_limit": address_limit}
    if ground.is_embedded:
        port = free_port()
        start = partial(systems.start, ground, name, render_workers=0, document_workers=0, **settings)
        system = await asyncio.to_thread(partial(start, metrics_port=port))
        try:
            yield _System(system.edge_port, int(system.environment["MOOTION_EDGE_ADMIN_PORT"]), [port])
        finally:
            await asyncio.to_thread(system.stop)
        return
    apart = _apart(ground, name, settings)
    ports = [int(each.environment["MOOTION_METRICS_PORT"]) for each in apart.services["identity"]]
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, running(apart, KEY_SET))
        yield _System(apart.edge_port, int(apart.environment["MOOTION_EDGE_ADMIN_PORT"]), ports)


def _apart(ground: Ground, name: str, settings: Mapping[str, Any]) -> FullSystem:
    """The identity service twice, with the edge in front."""
    keys = {key.removeprefix("MOOTION_").lower(): value for key, value in KEYS.items()}
    apart = prepared(
        ground.folder / name,
        services=["identity"],
        replicas={"identity": PROCESSES},
        workers=(),
        engines=ground.urls,
        **{**settings, **keys},
    )
    for process in apart.services["identity"]:
        process.environment = {**process.environment, "MOOTION_METRICS_PORT": str(free_port())}
    return apart


@dataclass(frozen=True)
class _Proof:
    numbers: Numbers
    system: _System
    chance: random.Random
    parallel: int

    async def tokens_are_believed(self) -> None:
        """Waits until the edge has the keys and every process has answered; its account is not counted here."""
        await self._all_are_well()
        token = await self._token("warm")
        for _ in range(300):
            (answer,) = await at_once(self.system.edge_port, [_account_call(token)])
            if answer.status == 200 and all(await asyncio.to_thread(_shares, self.system.admin_port)):
                return
            await asyncio.sleep(0.2)
        raise RuntimeError(f"the edge believes no token, or leaves a process out: {summed([answer])}")

    async def _all_are_well(self) -> None:
        """Waits, since the edge calls the sick too while most are."""
        for _ in range(600):
            if await asyncio.to_thread(_all_well, self.system.admin_port):
                return
            await asyncio.sleep(0.2)
        raise RuntimeError("a process of the identity service stays sick")

    async def an_account_calls_at_once(self) -> None:
        """The platform's limit of an account, which the services count."""
        answers = await self._as_account("ada")
        self._only(answers, {"200", "429 RATE_LIMITED"})
        self._admitted("account", answers, 200, A_MINUTE)
        self._refusals(answers)
        shares = await asyncio.to_thread(_shares, self.system.admin_port)
        self.numbers.measured(calls_of_each_process=shares)
        self.numbers.check(
            len(shares) == len(self.system.metrics_ports), f"processes that answered: {shares}"
        )
        self.numbers.check(min(shares) > len(answers) // 10, f"one process got hardly a call: {shares}")

    async def an_address_claims_to_be_others(self) -> None:
        """A limit of the contract by address, which the rate-limit service counts."""
        answers = await self._sign_ins()
        for _ in range(_TRIES):
            # Those that the rate-limit service was too slow for, on a busy machine, were counted by both.
            if sum(answer.status == 401 for answer in answers) >= SIGN_INS:
                break
            await asyncio.sleep(61)
            answers = await self._sign_ins()
        self._only(answers, {"401 WRONG_CREDENTIALS", "429 RATE_LIMITED"})
        self._admitted("sign_ins", answers, 401, SIGN_INS)
        self._refusals(answers)

    async def _sign_ins(self) -> list[Answer]:
        body = json.dumps({"username": "nobody-here", "password": "whatever it is"}).encode()
        calls = [Call("POST", "/v1/auth:login", self._claims(), body) for _ in range(2 * SIGN_INS)]
        return [each for pair in _pairs(calls) for each in await at_once(self.system.edge_port, pair)]

    async def the_store_is_down(self) -> None:
        """Each process counts by itself, says so, and nothing fails."""
        answers = await self._as_account("bob")
        self._only(answers, {"200", "429 RATE_LIMITED"})
        self._admitted("without_store", answers, 200, A_MINUTE * PROCESSES)
        self._refusals(answers)
        told = await self._told_degraded()
        self.numbers.check(told == [1.0] * PROCESSES, f"mootion_limits_degraded without a store: {told}")

    async def the_store_is_back(self) -> None:
        """One counter again."""
        token, began = await self._token("cleo"), time.monotonic()
        while any(await self._told_degraded()) and time.monotonic() < began + _BACK_SECONDS:
            # What tries the store again; it is not counted in the burst of the account below.
            await at_once(self.system.edge_port, [_account_call(token)] * 2)
            await asyncio.sleep(_LOOK_SECONDS)
        self.numbers.measured(store_used_again_s=time.monotonic() - began)
        answers = await self._as_account("dora")
        self._admitted("store_back", answers, 200, A_MINUTE)
        told = await self._told_degraded()
        self.numbers.check(told == [0.0] * PROCESSES, f"mootion_limits_degraded with the store back: {told}")

    async def _told_degraded(self) -> list[float]:
        return [await asyncio.to_thread(_degraded, port) for port in self.system.metrics_ports]

    async def an_address_floods(self) -> None:
        """The platform's limit of an address, which Envoy counts: a full bucket, and what drips into it meanwhile."""
        began = time.monotonic()
        answers = await at_once(
            self.system.edge_port, [Call("GET", KEY_SET, self._claims()) for _ in range(self.parallel)]
        )
        dripped = math.ceil((time.monotonic() - began + _START_SECONDS) * A_MINUTE / 60)
        self._only(answers, {"200", "429 RATE_LIMITED"})
        admitted = sum(answer.status == 200 for answer in answers)
        self.numbers.measured(flood_admitted=admitted, flood_dripped_at_most=dripped)
        self.numbers.check(admitted <= A_MINUTE + dripped, f"{admitted} calls of a flood were admitted")
        self.numbers.check(admitted >= A_MINUTE // 2, f"only {admitted} calls of an address were admitted")
        self._refusals(answers)

    async def _as_account(self, username: str) -> list[Answer]:
        token = await self._token(username)
        calls = [_account_call(token, self._claims()) for _ in range(self.parallel)]
        return await at_once(self.system.edge_port, calls)

    async def _token(self, username: str) -> str:
        body = json.dumps({"username": username, "password": PASSWORD}).encode()
        (answer,) = await at_once(self.system.edge_port, [Call("POST", "/v1/auth:register", {}, body)])
        if answer.status != 200:
            raise RuntimeError(f"{username} could not register: {summed([answer])}")
        token: str = answer.json()["tokens"]["accessToken"]
        return token

    def _claims(self) -> dict[str, str]:
        """Headers by which a caller would like to be somebody else, or to have been counted."""
        address = f"198.51.100.{self.chance.randrange(256)}"
        return {
            "x-forwarded-for": f"{address}, 203.0.113.{self.chance.randrange(256)}",
            "x-real-ip": address,
            "forwarded": f"for={address}",
            "x-envoy-external-address": address,
            "mootion-address": address,
            "mootion-counted": f"counted-v1 {int(time.time())} {'A' * 43}",
        }

    def _only(self, answers: Sequence[Answer], wanted: set[str]) -> None:
        others = {told: count for told, count in summed(answers).items() if told not in wanted}
        self.numbers.check(not others, f"other answers: {others}")

    def _admitted(self, what: str, answers: Sequence[Answer], status: int, limit: int) -> None:
        admitted = sum(answer.status == status for answer in answers)
        self.numbers.measured(**{f"{what}_calls": len(answers), f"{what}_admitted": admitted})
        self.numbers.check(admitted == limit, f"{what}: {admitted} admitted instead of {limit}")

    def _refusals(self, answers: Sequence[Answer]) -> None:
        refused = [answer for answer in answers if answer.status == 429]
        silent = [answer for answer in refused if not answer.ending.retry or not _tells_limits(answer)]
        self.numbers.check(bool(refused), "nothing was refused")
        self.numbers.check(not silent, f"{len(silent)} refusals do not say when to come back: {silent[:1]}")


def _tells_limits(answer: Answer) -> bool:
    named = ("retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
    return all(answer.headers.get(name, "").isdigit() for name in named)


def _account_call(token: str, headers: Mapping[str, str] | None = None) -> Call:
    return Call("GET", ACCOUNT, {"authorization": f"Bearer {token}", **(headers or {})})


def _pairs(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    """Two at a time: a wrong password costs the service its whole processor for a while, and what takes the rate-limit
    service more than a quarter of a second then is counted by the service too."""
    return (calls[start : start + 2] for start in range(0, len(calls), 2))


def _shares(admin_port: int) -> list[int]:
    """How many calls each process of the identity service got from the edge."""
    return [
        int(next(stat.get("value", 0) for stat in host["stats"] if stat["name"] == "rq_total"))
        for host in _processes(admin_port)
    ]


def _all_well(admin_port: int) -> bool:
    """Whether every process of the identity service answers the health checks of the edge."""
    return not any("failed_active_health_check" in host["health_status"] for host in _processes(admin_port))


def _processes(admin_port: int) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/clusters?format=json", timeout=30) as reply:
        clusters = json.load(reply)["cluster_statuses"]
    (identity,) = [each for each in clusters if each["name"] == "identity"]
    hosts: list[dict[str, Any]] = identity["host_statuses"]
    return hosts


def _degraded(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as reply:
        lines = reply.read().decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("mootion_limits_degraded ")))
