"""Uploads that belong to no document, and documents whose upload is gone."""

from collections.abc import AsyncIterator, Collection, Sequence

from mesh.orphans import KEYS_AT_ONCE, Findings, Plan, Sweep, missing
from mesh.ports.blobs import Blobs
from mesh.ports.sql import Database
from services.document import inventory
from services.document.upload import PREFIX, blob_key


async def sweep(database: Database, blobs: Blobs, plan: Plan) -> list[Findings]:
    """Removes uploads without a document that are old enough: their call was cut off before it was committed."""

    async def named(keys: Sequence[str]) -> Collection[str]:
        ids = [key.removeprefix(PREFIX) for key in keys]
        async with database.reading() as reader:
            return {blob_key(found) for found in await inventory.known(reader, ids)}

    found = Sweep(blobs, "uploads", plan)
    await found.look(PREFIX, named)
    return [await found.finish(await missing(blobs, _keys(database), named))]


async def _keys(database: Database) -> AsyncIterator[Sequence[str]]:
    """Keys of the uploads of all documents."""
    after = ""
    while True:
        async with database.reading(may_lag=True) as reader:
            ids = await inventory.ids_after(reader, after, KEYS_AT_ONCE)
        if not ids:
            return
        yield [blob_key(found) for found in ids]
        after = ids[-1]
