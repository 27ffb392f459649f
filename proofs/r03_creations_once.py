"""64 equal creations at once have one effect and equal replies; another body is refused; so after a restart, too."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from mootion.document.v1 import document_pb2
from mootion.errors.v1 import reason_pb2
from sqlalchemy import select

from mesh.errors import CallError, reason_name
from mesh.testing import Running
from proofs.callers import lessons
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import Numbers
from services.document import store
from services.document.__main__ import build
from tests.integration.document.library import PDF, library, upload_parts

AT_ONCE = 64
SERVERS = 2
REUSED = reason_name(reason_pb2.REASON_REQUEST_ID_REUSED)
Documents = dict[str, list[document_pb2.Document]]


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Two servers on the same stores take half of the uploads each."""
    chance = random.Random(seed)
    ids = [f"request-{chance.getrandbits(32):08x}" for _ in range(size.of(short=2, long=50))]
    numbers = Numbers(len(ids) * AT_ONCE)
    numbers.measured(request_ids=len(ids), at_once=AT_ONCE, servers=SERVERS)
    async with _serving(ground) as servers:
        first = {each: await _uploads(servers, each) for each in ids}
        await _refusals(numbers, servers, ids)
        others = {each: await _uploads(servers[:1], each, "bea", 2) for each in ids}
    async with _serving(ground) as servers:
        again = {each: await _uploads(servers, each, at_once=SERVERS) for each in ids}
        await _refusals(numbers, servers, ids)
        await _judge_rows(numbers, servers[0], first | {f"bea-{each}": others[each] for each in ids})
    _judge_replies(numbers, first, again, others)
    return numbers


@asynccontextmanager
async def _serving(ground: Ground) -> AsyncIterator[list[Running]]:
    """Servers of one set of stores."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(lessons.served(ground.settings(), build)) for _ in range(SERVERS)
        ]


async def _uploads(
    servers: list[Running], request_id: str, principal: str = "ada", at_once: int = AT_ONCE
) -> list[document_pb2.Document]:
    """The same upload many times at once; what each call was answered."""
    clients = [library(server, principal) for server in servers]

    async def upload(number: int) -> document_pb2.Document:
        client = clients[number % len(clients)]
        return (await client.UploadDocument(upload_parts(PDF, request_id=request_id))).document

    return await asyncio.gather(*(upload(number) for number in range(at_once)))


async def _refusals(numbers: Numbers, servers: list[Running], ids: list[str]) -> None:
    """The same ids with another body."""
    reasons = []
    for number, request_id in enumerate(ids):
        client = library(servers[number % len(servers)], "ada")
        try:
            await client.UploadDocument(upload_parts(PDF + b"more", request_id=request_id))
            reasons.append("accepted")
        except CallError as error:
            reasons.append(f"{error.code.name} {reason_name(error.reason)}")
    refused = reasons.count(f"INVALID_ARGUMENT {REUSED}")
    numbers.measured(other_bodies_refused=numbers.values.get("other_bodies_refused", 0) + refused)
    numbers.check(refused == len(ids), f"another body under a used id: {set(reasons)}")


async def _judge_rows(numbers: Numbers, server: Running, answered: Documents) -> None:
    """Each id has one document, and each document its bytes."""
    async with server.runtime.database.reading() as reader:
        rows = (await reader.execute(select(store.documents.c.document_id))).scalars().all()
    names = {replies[0].document_id: name for name, replies in answered.items()}
    effects = [names.get(row, f"unknown {row}") for row in rows]
    numbers.add_history(judge(answered, answered, effects), "documents")
    blobs = [key async for key in server.runtime.blobs.list("uploads/")]
    numbers.measured(blobs=len(blobs))
    numbers.check(len(blobs) == len(answered), f"{len(blobs)} blobs for {len(answered)} documents")


def _judge_replies(numbers: Numbers, first: Documents, again: Documents, others: Documents) -> None:
    for name, replies in (("at once", first), ("after a restart", again)):
        different = [each for each in first if any(reply != first[each][0] for reply in replies[each])]
        numbers.check(not different, f"{name}: unequal replies for {len(different)} request ids")
    shared = [each for each in first if first[each][0].document_id == others[each][0].document_id]
    numbers.measured(equal_replies=sum(map(len, first.values())) + sum(map(len, again.values())))
    numbers.check(not shared, f"{len(shared)} request ids reach across principals")
