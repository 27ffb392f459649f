"""What the driver of RabbitMQ does when a connection goes reaches nobody as an order to stop."""

import asyncio
import threading
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import aio_pika
import pytest

from mesh.ports import rabbit_link
from mesh.ports.failures import StorageUnavailable
from mesh.ports.rabbit_link import RabbitLink, RabbitUnavailable, Session
from mesh.ports.relay import Relay
from mesh.ports.relay_dead import DeadRelay
from mesh.ports.relay_events import EventRelay
from mesh.ports.relay_jobs import JobRelay

URL = "amqp://127.0.0.1:9/"


async def prepare(session: Session) -> None:
    """Nothing is declared."""


async def test_a_connection_that_is_lost_while_it_is_made_is_no_order_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lost(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(aio_pika, "connect", lost)
    with pytest.raises(RabbitUnavailable, match="repeat later"):
        await RabbitLink(URL, "test", prepare).session(0)


async def test_whoever_waits_for_a_connection_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = asyncio.Event()

    async def silent(*_: Any, **__: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    monkeypatch.setattr(aio_pika, "connect", silent)
    waiting = asyncio.create_task(RabbitLink(URL, "test", prepare).session(60))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(stopped.wait(), 30)


class Open:
    """A connection that opens and closes at once, and its channel."""

    def __init__(self) -> None:
        self.close_callbacks = set[object]()
        self.is_closed = False

    def channel(self, **_: object) -> "Open":
        return Open()

    async def initialize(self, timeout: float) -> None:
        """Nothing is asked."""

    async def close(self) -> None:
        self.is_closed = True


async def test_a_connection_that_comes_when_nobody_waits_any_more_is_closed_with_the_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Open()

    async def connect(*_: Any, **__: Any) -> Open:
        return made

    async def give_up(session: Session) -> None:
        waiting.cancel()

    monkeypatch.setattr(aio_pika, "connect", connect)
    link = RabbitLink(URL, "test", give_up)
    waiting = asyncio.create_task(link.session(60))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await link.close()
    assert made.is_closed


class Deaf:
    """A connection whose end the driver waits for once more when it is cancelled."""

    def __init__(self) -> None:
        self.close_callbacks = set[object]()
        self.is_closing = asyncio.Event()

    async def close(self) -> None:
        self.is_closing.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.Event().wait()


async def test_a_connection_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbit_link, "ANSWER_SECONDS", 0.01)
    deaf: Any = Deaf()
    async with asyncio.timeout(30):
        await Session(deaf, deaf).close()


def test_a_connection_that_does_not_end_keeps_no_process_from_ending() -> None:
    async def left_behind() -> None:
        deaf: Any = Deaf()
        Session(deaf, deaf).end()
        await deaf.is_closing.wait()

    ending = threading.Thread(target=asyncio.run, args=(left_behind(),), daemon=True)
    ending.start()
    ending.join(30)
    assert not ending.is_alive()


async def test_a_relay_that_ends_alone_ends_the_others_so_that_all_are_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lost(_: object) -> None:
        raise asyncio.CancelledError

    async def go_on(_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(JobRelay, "run", lost)
    for other in (EventRelay, DeadRelay):
        monkeypatch.setattr(other, "run", go_on)
    database: Any = SimpleNamespace(holding=lambda name: nullcontext())
    async with asyncio.timeout(30):
        with pytest.raises(ExceptionGroup) as ended:
            await Relay(database, URL).run()
    assert [type(each) for each in ended.value.exceptions] == [StorageUnavailable]
