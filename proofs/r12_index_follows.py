"""Kills between commit and index, events repeated, out of order or lost: after a reconcile index equals database."""

import asyncio
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import grpc
from mootion.document.v1 import document_service_pb2
from mootion.search.v1 import search_service_pb2
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub
from sqlalchemy import delete, func, select, update

from mesh.config import Settings
from mesh.errors import CallError
from mesh.ports.tables import outbox, subscriptions
from mesh.runtime import open_runtime
from mesh.testing import Running
from proofs.callers import lessons
from proofs.faults import deadly_index
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from services.document.__main__ import build as document
from services.search.indexer import SUBSCRIPTION
from tests.integration.document.library import PDF, complete, library, upload_parts
from tests.integration.ports import processes

OWNER = "tester"
KINDS = (search_service_pb2.DOCUMENT, search_service_pb2.PASSAGE, search_service_pb2.ATOM)
SECONDS = 60.0
GONE_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
T = TypeVar("T")


@dataclass
class Library:
    """The services in a process of their own, what was put there, and what was deleted again."""

    environment: Mapping[str, str]
    settings: Settings
    running: Running
    chance: random.Random
    crashes: int = 0
    process: BaseProcess | None = None
    kept: dict[str, str] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)

    def start(self, crash_at: int = 0) -> None:
        """Starts the process; with a number it dies at that change of the index."""
        when = self.chance.choice(["before", "after"])
        self.process = processes.start(deadly_index.serve, self.settings, crash_at, when)

    async def stop(self) -> None:
        """Ends it in order."""
        assert self.process is not None
        self.process.terminate()
        await asyncio.to_thread(self.process.join, 30)

    async def surely(self, call: Callable[[], Awaitable[T]], *, restarts: bool = True) -> T:
        """Makes a call until it is answered; with `restarts` starts the process again where it died."""
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    return await call()
                except CallError as error:
                    if error.code not in GONE_AWAY:
                        raise
                if restarts:
                    self.look_after()
                await asyncio.sleep(0.1)

    def look_after(self) -> None:
        """Starts the process again where it died, to die again soon."""
        assert self.process is not None
        if self.process.exitcode is not None:
            self.crashes += self.process.exitcode == -signal.SIGKILL
            self.start(crash_at=self.chance.randrange(1, 5))

    async def search(self, word: str) -> list[str]:
        """Ids found by a word that stands in one document only."""
        stub = self.running.stub(SearchServiceStub, "search", principal=OWNER)
        request = search_service_pb2.SearchRequest(query=word, kinds=KINDS, page_size=50)
        found = await self.surely(lambda: _awaited(stub.Search(request)))
        return sorted({hit.document_id for hit in found.hits})


async def _awaited(call: Any) -> Any:
    return await call


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Uploads and deletes while the process dies again and again; then the log of events is spoilt."""
    count, numbers = size.of(short=4, long=60), Numbers(0)
    processes.preload(deadly_index.__name__, "proofs.__main__")
    environment = ground.environment(MOOTION_DRAIN_GRACE_SECONDS=1, MOOTION_DRAIN_NOTICE_SECONDS=0)
    settings = Settings.from_environment(environment)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (ground.folder / "proof.log").open("w") as log:
        async with open_runtime(settings, "proof", log=log) as runtime:
            library_ = Library(environment, settings, Running(runtime), random.Random(seed))
            library_.start(crash_at=3)
            for number in range(count):
                await _change(numbers, library_, number)
            await _quiet(numbers, library_, "after the kills")
            for spoil in (_repeated, _reordered, _dropped):
                await library_.stop()
                await spoil(numbers, library_)
                library_.start()
                await _quiet(numbers, library_, spoil.__name__.strip("_"), spoil is _dropped)
            await library_.stop()
            numbers.measured(kills=library_.crashes, kept=len(library_.kept), deleted=len(library_.deleted))
            numbers.check(library_.crashes > 0, "the process never died")
    return numbers


async def _change(numbers: Numbers, books: Library, number: int) -> None:
    """A new document with a word of its own; its owner finds it at once. Now and then one goes."""
    word = f"zyxword{number:04d}"
    document_id = await books.surely(lambda: _upload(books, word))
    sentences = [f"The {word} is a bird.", f"No {word} can swim."]
    await books.surely(lambda: complete(books.running, document_id, sentences=sentences))
    books.kept[word] = document_id
    found = await books.search(word)
    numbers.n += 1
    numbers.check(found == [document_id], f"the owner of {word} found {found} right after writing it")
    if books.chance.random() < 0.4:
        await _delete(books, books.chance.choice(list(books.kept)))
    books.look_after()


async def _upload(books: Library, word: str) -> str:
    """The id of a document that is made once."""
    parts = upload_parts(PDF, name=f"{word}.pdf", request_id=word)
    return (await library(books.running, OWNER).UploadDocument(parts)).document.document_id


async def _delete(books: Library, word: str) -> None:
    document_id = books.kept.pop(word)
    request = document_service_pb2.DeleteDocumentRequest(document_id=document_id)
    try:
        await books.surely(lambda: _awaited(library(books.running, OWNER).DeleteDocument(request)))
    except CallError as error:
        if error.code is not grpc.StatusCode.NOT_FOUND:
            raise
    books.deleted[word] = document_id


async def _quiet(numbers: Numbers, books: Library, when: str, is_to_reconcile: bool = False) -> None:
    """Waits until every event was followed, and compares the index with the database."""
    books.look_after()
    await books.surely(lambda: books.search("anything"))
    async with asyncio.timeout(SECONDS):
        while not await books.running.runtime.events.wait_until_handled(SUBSCRIPTION, 5):
            books.look_after()
    if is_to_reconcile:
        await _reconcile(numbers, books)
    wrong = Counter[str]()
    for word, document_id in books.kept.items():
        wrong["missing"] += await books.search(word) != [document_id]
    for word, document_id in books.deleted.items():
        # A word that is nowhere is taken for a typing error of one that is, so others may be found.
        wrong["deleted and found"] += document_id in await books.search(word)
    numbers.measured(**{f"compared {when}": len(books.kept) + len(books.deleted)})
    numbers.check(not +wrong, f"{when}: {dict(+wrong)}")


async def _reconcile(numbers: Numbers, books: Library) -> None:
    """Embedded, the command runs by itself, since only one process may have the index open."""
    if books.settings.database_url is None:
        await books.stop()
    await asyncio.to_thread(_run_reconcile, numbers, books)
    if books.settings.database_url is None:
        books.start()


def _run_reconcile(numbers: Numbers, books: Library) -> None:
    """Runs the command as an operator does."""
    command = [sys.executable, "-m", "cli", "reconcile"]
    done = subprocess.run(
        command, env=books.environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    numbers.measured(reconcile_status=done.returncode)
    said = (done.stdout + done.stderr).strip().splitlines()
    numbers.check(done.returncode == 0, f"`mootion reconcile` ended with {done.returncode}: {said[-3:]}")


async def _repeated(numbers: Numbers, books: Library) -> None:
    """The subscription begins again with the oldest event."""
    async with books.running.runtime.database.transaction() as tx:
        await tx.execute(delete(subscriptions).where(subscriptions.c.name == SUBSCRIPTION))


async def _reordered(numbers: Numbers, books: Library) -> None:
    """All events once more, in another order."""
    await _repeated(numbers, books)
    async with books.running.runtime.database.transaction() as tx:
        rows = (await tx.execute(select(outbox.c.seq, outbox.c.body).order_by(outbox.c.seq))).all()
        bodies = books.chance.sample([row.body for row in rows], len(rows))
        for row, body in zip(rows, bodies, strict=True):
            await tx.execute(update(outbox).where(outbox.c.seq == row.seq).values(body=body))


async def _dropped(numbers: Numbers, books: Library) -> None:
    """Changes whose events are lost before anybody follows them: two new documents and one that goes."""
    async with lessons.served(books.settings, document):
        async with books.running.runtime.database.reading() as reader:
            last = (await reader.execute(select(func.max(outbox.c.seq)))).scalar_one()
        for number in range(2):
            word = f"zyxdropped{number}"
            books.kept[word] = await books.surely(partial(_upload, books, word), restarts=False)
            await complete(books.running, books.kept[word], sentences=[f"The {word} is a bird."])
        await _delete(books, next(iter(books.kept)))
        async with books.running.runtime.database.transaction() as tx:
            gone = await tx.execute(delete(outbox).where(outbox.c.seq > last))
    numbers.measured(events_dropped=gone.rowcount)
