"""Everybody's documents, as upkeep reads them."""

from collections.abc import Sequence

from sqlalchemy import select

from mesh.ports.sql import Reader
from services.document.store import documents


async def owners_after(reader: Reader, after: str, limit: int) -> Sequence[str]:
    """Who has documents, sorted, from behind an owner."""
    owners = select(documents.c.owner_id).where(documents.c.owner_id > after).distinct()
    return (await reader.execute(owners.order_by(documents.c.owner_id).limit(limit))).scalars().all()


async def ids_after(reader: Reader, after: str, limit: int) -> Sequence[str]:
    """Ids of everybody's documents, sorted, from behind an id."""
    ids = select(documents.c.document_id).where(documents.c.document_id > after)
    return (await reader.execute(ids.order_by(documents.c.document_id).limit(limit))).scalars().all()


async def known(reader: Reader, document_ids: Sequence[str]) -> Sequence[str]:
    """Of these ids, those that are documents'."""
    ids = select(documents.c.document_id).where(documents.c.document_id.in_(document_ids))
    return (await reader.execute(ids)).scalars().all()


async def held(reader: Reader, owner_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Owner and id of the documents of these owners."""
    columns = (documents.c.owner_id, documents.c.document_id)
    rows = await reader.execute(select(*columns).where(documents.c.owner_id.in_(owner_ids)))
    return [(row.owner_id, row.document_id) for row in rows]
