"""Makes the search index and the blobs agree with the rows, while the system runs or not."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli import lock
from cli.stores import is_embedded, opened
from mesh.config import Settings
from mesh.ids import Ids
from mesh.orphans import SAFE_SECONDS, Findings, Plan, Sweep
from mesh.ports.blobs import BlobNotFound
from mesh.reconcile import REPLIES, TOPIC, Difference, Holding, Order, Reply
from mesh.runtime import open_runtime
from mesh.server import serve
from services.document import inventory as documents
from services.document import orphans as uploads
from services.quiz import inventory as quizzes
from services.video import inventory as videos
from services.video.orphans import Files

if TYPE_CHECKING:
    from mesh.ports.open_ports import Ports
    from mesh.ports.sql import Reader

OWNERS_AT_ONCE = 100
OWNERS_IN_ORDER = 20
ORDERS_AT_ONCE = 50
LOOK_SECONDS = 0.1
# The search service answers the first, short order within this time, or it is not there.
ANSWER_SECONDS = 60.0

OwnersAfter = Callable[["Reader", str, int], Awaitable[Sequence[str]]]


class ReconcileFailed(Exception):
    """Not all could be compared; the message says why and what to do."""


@dataclass(frozen=True)
class Outcome:
    """What was found, and mended unless it was a dry run."""

    index: Difference
    blobs: Sequence[Findings]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost: a row without its blob cannot be mended."""
        return not any(findings.missing for findings in self.blobs)


def reconcile(settings: Settings, *, dry_run: bool, safe_hours: float) -> Outcome:
    """Compares everything, and mends it unless it is a dry run.

    Args:
        dry_run: change nothing.
        safe_hours: blobs that were put less long ago stay.

    Raises:
        ReconcileFailed: the search service did not answer, or gave up.
        StoresFailed: a store does not answer.
    """
    return asyncio.run(_reconcile(settings, dry_run, safe_hours * 3600))


async def _reconcile(settings: Settings, dry_run: bool, safe_seconds: float) -> Outcome:
    async with opened(settings) as ports, _search(settings):
        index = await Orders(ports, dry_run).carry_out()
        plan = Plan(time.time(), safe_seconds, dry_run)
        findings = [
            *await uploads.sweep(ports.database, ports.blobs, plan),
            *await Files(ports.database, ports.blobs).sweep(plan),
            await _replies(ports, plan),
        ]
        return Outcome(index, findings)


@asynccontextmanager
async def _search(settings: Settings) -> AsyncIterator[None]:
    """Serves in this process what would have to run, where the system is embedded and does not run."""
    if not is_embedded(settings) or lock.holder(settings.data_dir) is not None:
        yield
        return
    from cli.services import build_of, service_names

    settings.log_dir.mkdir(parents=True, exist_ok=True)
    with lock.held(settings.data_dir), (settings.log_dir / "reconcile.log").open("a") as log:
        async with open_runtime(settings, "mootion", log=log) as runtime:
            parts = [build_of(name)(runtime) for name in service_names()]
            up, until = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(serve(runtime, parts, until=until, ready=up.set))
            waiting = asyncio.create_task(up.wait())
            try:
                await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if not serving.done():
                    yield
            finally:
                waiting.cancel()
                until.set()
                await serving


@dataclass(frozen=True)
class Orders:
    """Gives the search service its orders, and reads its replies."""

    ports: "Ports"
    dry_run: bool
    run: str = ""

    async def carry_out(self) -> Difference:
        """Has every owner's entries compared: those whom the services know, and those whom the index knows."""
        found, orders = Difference(), Orders(self.ports, self.dry_run, Ids().new())
        indexed = await orders.replied(await orders.give(None), ANSWER_SECONDS)
        known: set[str] = set()
        waiting: list[str] = []
        async for holding_page in orders.holdings():
            known.update(holding.owner_id for holding in holding_page)
            waiting.append(await orders.give(holding_page))
            if len(waiting) == ORDERS_AT_ONCE:
                found += (await orders.replied(waiting.pop(0))).difference
        strangers = [Holding(owner) for owner in indexed.owners if owner not in known]
        for page in _pages(strangers, OWNERS_IN_ORDER):
            waiting.append(await orders.give(page))
        for key in waiting:
            found += (await orders.replied(key)).difference
        return found

    async def give(self, holdings: Sequence[Holding] | None) -> str:
        """Gives an order; returns the key of its reply."""
        order = Order(f"{REPLIES}{self.run}/{Ids().new()}", self.dry_run, holdings)
        await self.ports.queue.publish(TOPIC, order.reply_key, order.encoded())
        return order.reply_key

    async def replied(self, key: str, seconds: float | None = None) -> Reply:
        """Waits for a reply.

        Raises:
            ReconcileFailed: none came in time, or the order was given up.
        """
        try:
            async with asyncio.timeout(seconds):
                reply = await self._replied(key)
        except TimeoutError:
            raise ReconcileFailed(
                "No search service answers. Look whether one runs (`mootion up`, or `mootion serve search`); it will"
                " take up what was ordered."
            ) from None
        if reply.failure:
            why = reply.failure.rstrip(".")
            raise ReconcileFailed(f"The search service gave up: {why}. See its log, then repeat.")
        return reply

    async def _replied(self, key: str) -> Reply:
        while True:
            try:
                reply = Reply.decoded(await self.ports.blobs.read(key))
            except BlobNotFound:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            await self.ports.blobs.delete(key)
            return reply

    async def holdings(self) -> AsyncIterator[list[Holding]]:
        """What everybody has, some owners at a time."""
        async for owners in self._owners():
            held = await self._held(owners)
            for page in _pages(held, OWNERS_IN_ORDER):
                yield page

    async def _owners(self) -> AsyncIterator[list[str]]:
        """Everybody who has something, in order: the next of each service, merged."""
        sources: list[OwnersAfter] = [documents.owners_after, quizzes.owners_after, videos.owners_after]
        after = ""
        while True:
            async with self.ports.database.reading() as reader:
                pages = [list(await source(reader, after, OWNERS_AT_ONCE)) for source in sources]
            owners = sorted({owner for page in pages for owner in page})[:OWNERS_AT_ONCE]
            if not owners:
                return
            yield owners
            after = owners[-1]

    async def _held(self, owners: Sequence[str]) -> list[Holding]:
        async with self.ports.database.reading() as reader:
            of_documents = await documents.held(reader, owners)
            of_quizzes = await quizzes.held(reader, owners)
            of_videos = await videos.held(reader, owners)
        return [
            Holding(
                owner,
                [id for owner_id, id in of_documents if owner_id == owner],
                {id: document_id for owner_id, id, document_id in of_quizzes if owner_id == owner},
                {id: document_id for owner_id, id, document_id in of_videos if owner_id == owner},
            )
            for owner in owners
        ]


async def order_all(settings: Settings) -> int:
    """Has the search service compare everything when it next runs; nobody waits. Tells how many orders that are."""
    count = 0
    async with opened(settings) as ports:
        orders = Orders(ports, dry_run=False, run=Ids().new())
        async for page in orders.holdings():
            await ports.queue.publish(TOPIC, Ids().new(), Order("", holdings=page).encoded())
            count += 1
    return count


async def _replies(ports: "Ports", plan: Plan) -> Findings:
    """Replies that nobody read."""
    found = Sweep(ports.blobs, "replies", Plan(plan.now, SAFE_SECONDS, plan.dry_run))

    async def nobody(keys: Sequence[str]) -> Sequence[str]:
        return []

    await found.look(REPLIES, nobody)
    return await found.finish()


def _pages(holdings: Sequence[Holding], size: int) -> Iterator[list[Holding]]:
    for start in range(0, len(holdings), size):
        yield list(holdings[start : start + size])
