"""Rows of links between teachers and the students who let them in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Row, and_, delete, or_, select

from mesh.ports.sql import Reader, Transaction
from services.identity.listing import Place
from services.identity.removal import remove
from services.identity.store import accounts, students

_teacher, _student = students.c.teacher_id, students.c.student_id


async def link(tx: Transaction, teacher_id: str, student_id: str, now_us: int) -> None:
    """Links a student with a teacher; a second time changes nothing."""
    values = {"teacher_id": teacher_id, "student_id": student_id, "linked_us": now_us}
    row = tx.insert(students).values(values)
    await tx.execute(row.on_conflict_do_nothing(index_elements=["teacher_id", "student_id"]))


async def unlink(tx: Transaction, teacher_id: str, student_id: str) -> bool:
    """Ends a link. False: there is none."""
    pair = and_(_teacher == teacher_id, _student == student_id)
    return (await tx.execute(delete(students).where(pair))).rowcount == 1


async def unlink_all(tx: Transaction, teacher_id: str) -> None:
    """Ends every link of a teacher."""
    await remove(tx, students, _teacher == teacher_id)


async def students_of(reader: Reader, teacher_id: str, after: Place | None, limit: int) -> Sequence[Row[Any]]:
    """Rows of account_id, username and linked_us, the latest first, from behind `after` (time of the link, id)."""
    return await _linked(reader, _teacher, teacher_id, _student, after, limit)


async def teachers_of(reader: Reader, student_id: str, after: Place | None, limit: int) -> Sequence[Row[Any]]:
    """The same of the teachers that a student let in."""
    return await _linked(reader, _student, student_id, _teacher, after, limit)


def place_of(row: Row[Any]) -> Place:
    """Where it stands in lists of students, and of teachers."""
    return row.linked_us, row.account_id


async def _linked(
    reader: Reader, mine: Column[str], my_id: str, other: Column[str], after: Place | None, limit: int
) -> Sequence[Row[Any]]:
    linked_us = students.c.linked_us
    statement = select(accounts.c.account_id, accounts.c.username, linked_us)
    statement = statement.join(students, other == accounts.c.account_id).where(mine == my_id)
    if after is not None:
        same = and_(linked_us == after[0], other < after[1])
        statement = statement.where(or_(linked_us < after[0], same))
    return (await reader.execute(statement.order_by(linked_us.desc(), other.desc()).limit(limit))).all()
