"""Rows of what engines cost: tokens for each principal, day and engine."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, MetaData, String, Table, and_, insert, select, update

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
    row = {"principal_id": spent.principal_id, "day": spent.day, "engine": spent.engine}
    same = and_(*(usage.c[name] == value for name, value in row.items()))
    added = {
        "prompt_tokens": usage.c.prompt_tokens + spent.prompt_tokens,
        "completion_tokens": usage.c.completion_tokens + spent.completion_tokens,
    }
    if (await tx.execute(update(usage).where(same).values(added))).rowcount == 0:
        counts = {"prompt_tokens": spent.prompt_tokens, "completion_tokens": spent.completion_tokens}
        await tx.execute(insert(usage).values({**row, **counts}))


async def usage_of(reader: Reader, principal_id: str, day: str) -> list[Usage]:
    """What a principal has spent on a day, for each engine."""
    mine = and_(usage.c.principal_id == principal_id, usage.c.day == day)
    rows = await reader.execute(select(usage).where(mine).order_by(usage.c.engine))
    return [
        Usage(row.principal_id, row.day, row.engine, row.prompt_tokens, row.completion_tokens) for row in rows
    ]
