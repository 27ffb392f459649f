"""Compares the index with what the services have, and mends it, while both change."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import grpc

from mesh.errors import CallError
from mesh.ports.index import Entry, Index, Replacement
from mesh.ports.queue import Lease
from mesh.reconcile import Difference, Holding, Order, Reply
from mesh.runtime import Runtime
from mesh.worker import Reject, Retry
from services.search.indexer import SUBSCRIPTION
from services.search.owned import Owned

# How long events that are under way are waited for before a difference counts as one.
CATCH_UP_SECONDS = 30.0
MOST_ROUNDS = 5
RETRY_SECONDS = 5.0
# A service that is being replaced, or held back by its circuit for half a minute, is waited for.
MOST_ATTEMPTS = 10
UNANSWERED_SECONDS = 10.0
NO_ANSWER = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)

Key = tuple[str, str]


@dataclass(frozen=True)
class Comparison:
    """Entries by kind and id, as they have to be and as the index has them."""

    wanted: Mapping[Key, Entry]
    indexed: Mapping[Key, Entry]

    @property
    def differing(self) -> set[Key]:
        """What has to change."""
        keys = {*self.wanted, *self.indexed}
        return {key for key in keys if self.wanted.get(key) != self.indexed.get(key)}

    def counted(self, keys: set[Key]) -> Difference:
        """Of these keys, how many differ in which way."""
        missing = len(keys - set(self.indexed))
        extra = len(keys - set(self.wanted))
        return Difference(len({*self.wanted, *self.indexed}), missing, extra, len(keys) - missing - extra)

    def changes(self, document_id: str) -> list[Replacement]:
        """What makes the index as it has to be, kind by kind."""
        differing = sorted(self.differing)
        kinds = dict.fromkeys(kind for kind, _ in differing)
        return [
            self._change(kind, [key for key in differing if key[0] == kind], document_id) for kind in kinds
        ]

    def _change(self, kind: str, keys: Sequence[Key], document_id: str) -> Replacement:
        entries = [self.wanted[key] for key in keys if key in self.wanted]
        return Replacement([kind], document_id, [id for _, id in keys], entries)


@dataclass(frozen=True)
class Reconciler:
    """Works on the jobs of `mootion reconcile`."""

    runtime: Runtime
    index: Index

    async def handle(self, lease: Lease) -> None:
        """Carries out one order; a repeat finds less to do. Gives up with the words of the service that refused."""
        order = Order.decoded(lease.body)
        try:
            reply = await self._carried_out(order)
        except CallError as error:
            if error.code in NO_ANSWER and lease.attempt < MOST_ATTEMPTS:
                raise Retry(UNANSWERED_SECONDS) from error
            raise Reject(error.reason, error.message) from error
        await self._tell(order, reply)

    async def on_dead(self, lease: Lease, reason: str) -> None:
        """Tells whoever waits that the order was given up."""
        await self._tell(Order.decoded(lease.body), Reply(failure=reason))

    async def _carried_out(self, order: Order) -> Reply:
        if order.holdings is None:
            return Reply(owners=await self.index.owners())
        difference = Difference()
        for holding in order.holdings:
            difference += await self.compare(holding, order.dry_run)
        return Reply(difference=difference)

    async def compare(self, holding: Holding, dry_run: bool) -> Difference:
        """Makes all of an owner's entries as the services say, or only counts what differs."""
        found = Difference()
        documents = {
            *holding.documents,
            *holding.quizzes.values(),
            *holding.videos.values(),
            *await self.index.documents(holding.owner_id),
        }
        for document_id in sorted(documents):
            found += await self._document(holding, document_id, dry_run)
        return found

    async def _document(self, holding: Holding, document_id: str, dry_run: bool) -> Difference:
        first = await self._compared(holding, document_id)
        if not first.differing:
            return first.counted(set())
        # What is only under way differs no more once its events were handled.
        await self.runtime.events.wait_until_handled(SUBSCRIPTION, CATCH_UP_SECONDS)
        seen = await self._compared(holding, document_id)
        found = seen.counted(seen.differing & first.differing)
        if not dry_run:
            await self._mend(holding, document_id, seen)
        return found

    async def _mend(self, holding: Holding, document_id: str, seen: Comparison) -> None:
        """Changes the index until nothing differs after the change: what was written may be old by then, and the
        event that says so may have been handled before it was written."""
        for _ in range(MOST_ROUNDS):
            if not seen.differing:
                return
            for change in seen.changes(document_id):
                await self.index.replace(change)
            seen = await self._compared(holding, document_id)
        if seen.differing:
            raise Retry(RETRY_SECONDS)

    async def _compared(self, holding: Holding, document_id: str) -> Comparison:
        """The index is read first: what is in it and not in the holding is asked for too."""
        indexed = await self.index.entries(holding.owner_id, document_id)
        quizzes = {id for id, of in holding.quizzes.items() if of == document_id} | _ids("QUIZ", indexed)
        videos = {id for id, of in holding.videos.items() if of == document_id} | _ids("VIDEO", indexed)
        wanted = await Owned(self.runtime).of_document(
            holding.owner_id, document_id, sorted(quizzes), sorted(videos)
        )
        return Comparison(_by_key(wanted), _by_key(indexed))

    async def _tell(self, order: Order, reply: Reply) -> None:
        if order.reply_key:
            await self.runtime.blobs.put(order.reply_key, _once(reply.encoded()))


def _ids(kind: str, entries: Sequence[Entry]) -> set[str]:
    return {entry.id for entry in entries if entry.kind == kind}


def _by_key(entries: Sequence[Entry]) -> dict[Key, Entry]:
    return {(entry.kind, entry.id): entry for entry in entries}


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
