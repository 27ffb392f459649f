"""What every event log does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2

from mesh.errors import CallError
from mesh.ports import handling
from mesh.ports.events import Handler
from mesh.ports.failures import StorageUnavailable
from mesh.tracing import Tracing, current_trace_id
from tests.contract.ports.stores import Stores
from tests.stopwatch import Stopwatch, quickest

# For what comes by itself; how soon it comes is said where that is promised.
SOON = 30.0


async def publish(stores: Stores, *owners: str) -> None:
    async with stores.database.transaction() as tx:
        for owner in owners:
            tx.publish(event_pb2.Event(owner_id=owner))


def collecting(into: list[str]) -> Handler:
    async def handle(event: event_pb2.Event) -> None:
        into.append(event.owner_id)

    return handle


@asynccontextmanager
async def subscribed(stores: Stores, name: str, handler: Handler) -> AsyncIterator[None]:
    running = asyncio.create_task(stores.events.run(name, handler))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_events_come_in_order_of_commit(stores: Stores) -> None:
    seen: list[str] = []
    await publish(stores, "a", "b")
    async with subscribed(stores, "search", collecting(seen)):
        await publish(stores, "c")
        assert await stores.events.wait_until_handled("search", SOON)
        for number in range(100):
            await publish(stores, str(number))
        assert await stores.events.wait_until_handled("search", SOON)
    assert seen == ["a", "b", "c", *map(str, range(100))]


async def test_an_event_gets_an_id_and_a_time_where_it_has_none(stores: Stores) -> None:
    seen: list[event_pb2.Event] = []

    async def handle(event: event_pb2.Event) -> None:
        seen.append(event)

    given = event_pb2.Event(event_id="mine")
    given.time.FromSeconds(5)
    async with stores.database.transaction() as tx:
        tx.publish(given)
        tx.publish(event_pb2.Event())
    async with subscribed(stores, "search", handle):
        assert await stores.events.wait_until_handled("search", SOON)
    assert (seen[0].event_id, seen[0].time.seconds) == ("mine", 5)
    assert len(seen[1].event_id) == 36
    assert abs(seen[1].time.seconds - time.time()) < 60


async def test_every_subscription_gets_every_event(stores: Stores) -> None:
    first: list[str] = []
    second: list[str] = []
    async with (
        subscribed(stores, "search", collecting(first)),
        subscribed(stores, "quiz", collecting(second)),
    ):
        await publish(stores, "a", "b")
        assert await stores.events.wait_until_handled("search", SOON)
        assert await stores.events.wait_until_handled("quiz", SOON)
    assert first == second == ["a", "b"]


async def test_a_subscription_goes_on_where_it_stood(stores: Stores) -> None:
    seen: list[str] = []
    await publish(stores, "a")
    async with subscribed(stores, "search", collecting(seen)):
        assert await stores.events.wait_until_handled("search", SOON)
    await publish(stores, "b")
    async with subscribed(stores, "search", collecting(seen)):
        assert await stores.events.wait_until_handled("search", SOON)
    assert seen == ["a", "b"]


async def test_a_failing_handler_gets_the_same_event_again_before_the_next(stores: Stores) -> None:
    seen: list[str] = []

    async def handle(event: event_pb2.Event) -> None:
        seen.append(event.owner_id)
        if seen.count("a") < 3 and event.owner_id == "a":
            raise RuntimeError("not yet")

    await publish(stores, "a", "b")
    async with subscribed(stores, "search", handle):
        assert await stores.events.wait_until_handled("search", SOON)
    assert seen == ["a", "a", "a", "b"]


async def test_waiting_ends_in_time_when_nobody_handles(stores: Stores) -> None:
    await publish(stores, "a")

    async def waited() -> float:
        with Stopwatch() as watch:
            assert not await stores.events.wait_until_handled("search", 0.1)
        return watch.seconds

    assert await quickest(waited, 0.5) < 0.5


async def test_waiting_is_over_at_once_when_everything_is_handled(stores: Stores) -> None:
    assert await stores.events.wait_until_handled("search", 0)


async def test_a_published_event_is_handled_soon(stores: Stores) -> None:
    async with subscribed(stores, "search", collecting([])):
        await publish(stores, "first")
        assert await stores.events.wait_until_handled("search", SOON)

        async def waited() -> float:
            with Stopwatch() as watch:
                await publish(stores, "another")
                assert await stores.events.wait_until_handled("search", SOON)
            return watch.seconds

        assert await quickest(waited, 0.3) < 0.3


async def test_of_two_that_run_one_subscription_only_one_hands_out_events(stores: Stores) -> None:
    first: list[str] = []
    second: list[str] = []
    async with subscribed(stores, "search", collecting(first)):
        await publish(stores, "a")
        assert await stores.events.wait_until_handled("search", SOON)
        async with subscribed(stores, "search", collecting(second)):
            await publish(stores, "b")
            assert await stores.events.wait_until_handled("search", SOON)
            assert (first, second) == (["a", "b"], [])


async def test_another_takes_the_subscription_over_when_its_holder_ends(stores: Stores) -> None:
    first: list[str] = []
    second: list[str] = []
    holder = asyncio.create_task(stores.events.run("search", collecting(first)))
    await publish(stores, "a")
    assert await stores.events.wait_until_handled("search", SOON)
    async with subscribed(stores, "search", collecting(second)):
        holder.cancel()
        await publish(stores, "b")
        assert await stores.events.wait_until_handled("search", SOON)
    assert (first, second) == (["a"], ["b"])


async def test_the_trace_of_the_publisher_goes_on(stores: Stores) -> None:
    seen: list[str] = []
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    async def handle(event: event_pb2.Event) -> None:
        seen.append(current_trace_id())

    with Tracing().consuming("anything", {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}):
        await publish(stores, "a")
    async with subscribed(stores, "search", handle):
        assert await stores.events.wait_until_handled("search", SOON)
    assert seen == [trace_id]


async def test_an_event_that_keeps_failing_is_set_apart_and_the_log_goes_on(stores: Stores) -> None:
    seen: list[str] = []

    async def handle(event: event_pb2.Event) -> None:
        seen.append(event.owner_id)
        if event.owner_id == "bad":
            raise ValueError("never")

    await publish(stores, "bad", "good")
    async with subscribed(stores, "search", handle):
        assert await stores.events.wait_until_handled("search", SOON)
    assert seen == ["bad"] * 5 + ["good"]
    [failure] = await stores.events.failures("search")
    assert (failure.subscription, failure.event.owner_id, failure.attempts) == ("search", "bad", 5)
    assert failure.reason == "ValueError"
    assert await stores.events.failures("quiz") == []


async def test_an_event_set_apart_is_handled_when_it_is_replayed(stores: Stores) -> None:
    healed: list[str] = []

    async def fail(event: event_pb2.Event) -> None:
        raise ValueError("not yet")

    await publish(stores, "bad")
    async with subscribed(stores, "search", fail):
        assert await stores.events.wait_until_handled("search", SOON)
    [failure] = await stores.events.failures("search")
    async with subscribed(stores, "search", collecting(healed)):
        assert await stores.events.replay_failure("search", failure.event.event_id)
        async with asyncio.timeout(SOON):
            while await stores.events.failures("search"):  # noqa: ASYNC110 - handled by the subscription
                await asyncio.sleep(0.01)
    assert healed == ["bad"]
    assert not await stores.events.replay_failure("search", failure.event.event_id)


async def test_an_event_set_apart_can_be_given_up(stores: Stores) -> None:
    async def fail(event: event_pb2.Event) -> None:
        raise ValueError("never")

    await publish(stores, "bad")
    async with subscribed(stores, "search", fail):
        assert await stores.events.wait_until_handled("search", SOON)
    [failure] = await stores.events.failures("search")
    assert await stores.events.failed_subscriptions() == ["search"]
    assert await stores.events.drop_failure("search", failure.event.event_id)
    assert not await stores.events.drop_failure("search", failure.event.event_id)
    assert await stores.events.failed_subscriptions() == []


@pytest.mark.parametrize(
    "no_answer",
    [
        StorageUnavailable("down"),
        CallError(grpc.StatusCode.UNAVAILABLE, reason_pb2.REASON_DEPENDENCY_UNAVAILABLE, "down"),
        CallError(grpc.StatusCode.DEADLINE_EXCEEDED, reason_pb2.REASON_DEADLINE_EXCEEDED, "late"),
    ],
    ids=["storage", "unavailable", "deadline"],
)
async def test_what_does_not_answer_is_asked_until_it_does(
    stores: Stores, no_answer: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "FIRST_WAIT_SECONDS", 0.001)
    calls: list[str] = []

    async def handle(event: event_pb2.Event) -> None:
        calls.append(event.owner_id)
        if len(calls) < 9:
            raise no_answer

    await publish(stores, "a")
    async with subscribed(stores, "search", handle):
        assert await stores.events.wait_until_handled("search", SOON)
    assert calls == ["a"] * 9
    assert await stores.events.failures("search") == []


async def test_a_subscription_lags_by_the_age_of_the_oldest_event_it_has_not_handled(stores: Stores) -> None:
    assert await stores.events.lag_seconds("search") == 0
    before = time.monotonic()
    await publish(stores, "a")
    await asyncio.sleep(0.1)
    lag = await stores.events.lag_seconds("search")
    assert 0.1 <= lag < time.monotonic() - before + 1
    async with subscribed(stores, "search", collecting([])):
        assert await stores.events.wait_until_handled("search", SOON)
    assert await stores.events.lag_seconds("search") == 0
