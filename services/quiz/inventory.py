"""Everybody's quizzes, as upkeep reads them."""

from collections.abc import Sequence

from sqlalchemy import select

from mesh.ports.sql import Reader
from services.quiz.store import quizzes


async def owners_after(reader: Reader, after: str, limit: int) -> Sequence[str]:
    """Who has quizzes, sorted, from behind an owner."""
    owners = select(quizzes.c.owner_id).where(quizzes.c.owner_id > after).distinct()
    return (await reader.execute(owners.order_by(quizzes.c.owner_id).limit(limit))).scalars().all()


async def held(reader: Reader, owner_ids: Sequence[str]) -> list[tuple[str, str, str]]:
    """Owner, id and document of the quizzes of these owners."""
    columns = (quizzes.c.owner_id, quizzes.c.quiz_id, quizzes.c.document_id)
    rows = await reader.execute(select(*columns).where(quizzes.c.owner_id.in_(owner_ids)))
    return [(row.owner_id, row.quiz_id, row.document_id) for row in rows]
