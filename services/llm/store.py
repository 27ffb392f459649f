"""Rows of what engines cost: tokens for each principal, day and engine."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, MetaData, String, Table, and_, delete, select

from mesh.ports.sql import Reader, Transaction

metadata = MetaData()

usage = Table(
    "llm_usage",
    metadata,
    Column("principal_id", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("engine", String(64), primary_key=True),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Usage:
    """Tokens of one principal on one day (ISO 8601, UTC) at one engine."""

    principal_id: str
    day: str
    engine: str
    prompt_tokens: int
    completion_tokens: int


async def add_usage(tx: Transaction, spent: Usage) -> None:
    """Adds to what the principal has spent on that day."""
    key = {"principal_id": spent.principal_id, "day": spent.day, "engine": spent.engine}
    counts = {"prompt_tokens": spent.prompt_tokens, "completion_tokens": spent.completion_tokens}
    added = {
        "prompt_tokens": usage.c.prompt_tokens + spent.prompt_tokens,
        "completion_tokens": usage.c.completion_tokens + spent.completion_tokens,
    }
    row = tx.insert(usage).values({**key, **counts})
    await tx.execute(row.on_conflict_do_update(index_elements=list(key), set_=added))


async def remove_usage_of(tx: Transaction, principal_id: str) -> None:
    """Forgets what a principal has spent."""
    await tx.execute(delete(usage).where(usage.c.principal_id == principal_id))


async def usage_of(reader: Reader, principal_id: str, day: str) -> list[Usage]:
    """What a principal has spent on a day, for each engine."""
    mine = and_(usage.c.principal_id == principal_id, usage.c.day == day)
    rows = await reader.execute(select(usage).where(mine).order_by(usage.c.engine))
    return [
        Usage(row.principal_id, row.day, row.engine, row.prompt_tokens, row.completion_tokens) for row in rows
    ]
