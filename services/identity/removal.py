"""How rows are removed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, delete, select

from mesh.ports.sql import Transaction


async def remove(tx: Transaction, table: Table, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Removes the rows that meet a condition, and gives them.

    They are locked in the order of their keys first: of two units of work that remove some of the same rows, the
    second waits for the first.
    """
    rows = (await tx.execute(select(table).where(condition).order_by(*table.primary_key))).all()
    if rows:
        await tx.execute(delete(table).where(condition))
    return rows
