"""Rows of quizzes, their items with keys, and attempts."""

from collections.abc import Sequence

from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from mesh.ports.sql import Reader, Transaction

metadata = MetaData()

quizzes = Table(
    "quiz_quizzes",
    metadata,
    Column("quiz_id", String(36), primary_key=True),
    Column("owner_id", String(64), nullable=False),
    Column("document_id", String(36), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("quiz_quizzes_by_owner", "owner_id", "created_us", "quiz_id"),
    Index("quiz_quizzes_by_document", "document_id"),
)
items = Table(
    "quiz_items",
    metadata,
    Column("quiz_id", String(36), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("question_id", String(36), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
attempts = Table(
    "quiz_attempts",
    metadata,
    Column("attempt_id", String(36), primary_key=True),
    Column("owner_id", String(64), nullable=False),
    Column("quiz_id", String(36), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("quiz_attempts_by_quiz", "quiz_id"),
)


async def add_quiz(
    tx: Transaction, owner_id: str, quiz: quiz_pb2.Quiz, keyed: Sequence[task_pb2.Item]
) -> None:
    """Stores a quiz and, in the order of its questions, the items with their keys."""
    await tx.execute(
        insert(quizzes).values(
            quiz_id=quiz.quiz_id,
            owner_id=owner_id,
            document_id=quiz.document_id,
            created_us=quiz.create_time.ToMicroseconds(),
            body=quiz.SerializeToString(),
        )
    )
    rows = [
        {
            "quiz_id": quiz.quiz_id,
            "sequence": sequence,
            "question_id": question.question_id,
            "body": item.SerializeToString(),
        }
        for sequence, (question, item) in enumerate(zip(quiz.questions, keyed, strict=True))
    ]
    await tx.execute(insert(items), rows)


async def find_quiz(reader: Reader, owner_id: str, quiz_id: str) -> quiz_pb2.Quiz | None:
    """The owner's quiz, or None where there is none."""
    mine = and_(quizzes.c.quiz_id == quiz_id, quizzes.c.owner_id == owner_id)
    body = (await reader.execute(select(quizzes.c.body).where(mine))).scalar()
    return None if body is None else quiz_pb2.Quiz.FromString(body)


async def find_items(reader: Reader, quiz_id: str) -> dict[str, task_pb2.Item]:
    """The items of a quiz by question id, in the quiz's order."""
    statement = select(items.c.question_id, items.c.body).where(items.c.quiz_id == quiz_id)
    rows = await reader.execute(statement.order_by(items.c.sequence))
    return {row.question_id: task_pb2.Item.FromString(row.body) for row in rows}


async def list_quizzes(
    reader: Reader, owner_id: str, document_id: str, after: tuple[int, str] | None, limit: int
) -> list[quiz_pb2.Quiz]:
    """The owner's quizzes, newest first, from behind `after` (creation in microseconds, id)."""
    statement = select(quizzes.c.body).where(quizzes.c.owner_id == owner_id)
    if document_id:
        statement = statement.where(quizzes.c.document_id == document_id)
    if after is not None:
        created_us, quiz_id = after
        same_time = and_(quizzes.c.created_us == created_us, quizzes.c.quiz_id < quiz_id)
        statement = statement.where(or_(quizzes.c.created_us < created_us, same_time))
    statement = statement.order_by(quizzes.c.created_us.desc(), quizzes.c.quiz_id.desc())
    return [
        quiz_pb2.Quiz.FromString(body) for body in (await reader.execute(statement.limit(limit))).scalars()
    ]


async def remove_quiz(tx: Transaction, quiz_id: str) -> None:
    """Removes a quiz with its items and attempts.

    The quiz goes first: an attempt that is being started on it is waited for, and is removed with the others.
    """
    for table in (quizzes, attempts, items):
        await tx.execute(delete(table).where(table.c.quiz_id == quiz_id))


async def remove_quizzes_of(tx: Transaction, document_id: str) -> None:
    """Removes every quiz on a document, with their items and attempts. `quizzes_of` is to be read first, which waits
    for attempts that are being started."""
    theirs = select(quizzes.c.quiz_id).where(quizzes.c.document_id == document_id)
    for table in (attempts, items, quizzes):
        await tx.execute(delete(table).where(table.c.quiz_id.in_(theirs)))


async def quizzes_of(reader: Reader, document_id: str) -> list[tuple[str, str]]:
    """Id and owner of every quiz on a document."""
    columns = (quizzes.c.quiz_id, quizzes.c.owner_id)
    rows = await reader.execute(select(*columns).where(quizzes.c.document_id == document_id))
    return [(row.quiz_id, row.owner_id) for row in rows]


async def add_attempt(tx: Transaction, owner_id: str, attempt: quiz_pb2.Attempt) -> None:
    """Stores a new attempt."""
    await tx.execute(
        insert(attempts).values(
            attempt_id=attempt.attempt_id,
            owner_id=owner_id,
            quiz_id=attempt.quiz_id,
            body=attempt.SerializeToString(),
        )
    )


async def find_attempt(reader: Reader, owner_id: str, attempt_id: str) -> quiz_pb2.Attempt | None:
    """The owner's attempt, or None where there is none."""
    mine = and_(attempts.c.attempt_id == attempt_id, attempts.c.owner_id == owner_id)
    body = (await reader.execute(select(attempts.c.body).where(mine))).scalar()
    return None if body is None else quiz_pb2.Attempt.FromString(body)


async def save_attempt(tx: Transaction, attempt: quiz_pb2.Attempt) -> None:
    """Stores a changed attempt."""
    this = attempts.c.attempt_id == attempt.attempt_id
    await tx.execute(update(attempts).where(this).values(body=attempt.SerializeToString()))
