"""No query that runs often has to read a whole table: the plans of both databases.

SQLite takes an index wherever one fits. PostgreSQL is told to read whole tables only where nothing else is possible,
so the plans are those of large tables without their rows. That a condition fits the beginning of an index is for
SQLite to show: the indexes are the same.
"""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from mesh.config import Settings
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue_sql import first_available, following
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.sql_log import Position
from mesh.ports.sql_log import following as events_after
from mesh.ports.tables import outbox, queue_jobs, replies
from services.document import inventory as document_inventory
from services.document import store as document
from services.flowchart import store as flowchart
from services.quiz import inventory as quiz_inventory
from services.quiz import store as quiz
from services.video import inventory as video_inventory
from services.video import store as video

BIG = (
    document.documents,
    document.passages,
    document.atoms,
    flowchart.flowcharts,
    quiz.quizzes,
    quiz.items,
    quiz.attempts,
    video.videos,
    video.scenes,
    video.tags,
    replies,
    queue_jobs,
    outbox,
)


class Recorder:
    """Stands in for a connection and keeps the statements that a store makes."""

    def __init__(self) -> None:
        self.statements: list[Executable] = []

    async def execute(self, statement: Executable, parameters: object = None) -> "Recorder":
        """Keeps it; gives no rows."""
        self.statements.append(statement)
        return self

    def scalar(self) -> None:
        """No value."""

    def first(self) -> None:
        """No row."""

    def scalars(self) -> "Recorder":
        """No rows."""
        return self

    def all(self) -> list[object]:
        """No rows."""
        return []

    def __iter__(self) -> Any:
        return iter(())


@pytest.fixture(params=["sqlite", "postgres"])
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ports]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    ports = await open_ports(Settings(data_dir=tmp_path, database_url=url))
    yield ports
    await ports.close()


async def plan(ports: Ports, query: str) -> list[str]:
    """The steps by which the database would answer."""
    query = query.replace(":", r"\:")
    async with ports.database.reading() as reader:
        if not is_postgres(ports):
            return [row.detail for row in await reader.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
        await reader.execute(text("SET LOCAL enable_seqscan = off"))
        return [row[0] for row in await reader.execute(text(f"EXPLAIN {query}"))]


def is_postgres(ports: Ports) -> bool:
    database: Any = ports.database
    return database.oldest_open is not None


async def hot(database: SqlDatabase) -> list[Executable]:
    """The statements of the stores and of the mesh that run at every call, job or event."""
    made = Recorder()
    reader: Any = made
    await document.find_document(reader, "owner_id5", "document5")
    await document.find_leased(reader, "document5")
    await document.list_documents(reader, "owner_id5", (500, "document5"), 20)
    await document.list_passages(reader, "document5", 3, 20)
    await document.list_atoms(reader, "document5", 3, 20)
    await document.get_passages(reader, "owner_id5", ["passage_5", "passage_6"])
    await document.remove_document(reader, "document5")
    await flowchart.find(reader, "owner_id5", "document5")
    await quiz.find_quiz(reader, "owner_id5", "quiz_id5")
    await quiz.find_items(reader, "quiz_id5")
    await quiz.list_quizzes(reader, "owner_id5", "", (500, "quiz_id5"), 20)
    await quiz.list_quizzes(reader, "owner_id5", "document5", None, 20)
    await quiz.find_attempt(reader, "owner_id5", "attempt_5")
    await quiz.remove_quizzes_of(reader, "document5")
    await quiz.quizzes_of(reader, "document5")
    await video.find(reader, "video_id5", "owner_id5")
    await video.list_videos(reader, "owner_id5", video.Filters("", "", False), (500, "video_id5"), 20)
    await video.list_videos(reader, "owner_id5", video.Filters("", "tag5", True), None, 20)
    await video.videos_of(reader, "document5", 100)
    await video.rendered_scenes(reader, "video_id5")
    await video.remove(reader, "video_id5")
    await sweeping(reader)
    now = time.time()
    log = events_after(database.oldest_open, Position(10, 19_000), 64)
    held = update(queue_jobs).where(queue_jobs.c.seq == 5, queue_jobs.c.token == 1)
    known = select(replies).where(
        replies.c.principal == "principal5", replies.c.method == "m", replies.c.request_id == "r"
    )
    swept = select(queue_jobs.c.seq).where(queue_jobs.c.finished < 0.5, queue_jobs.c.state == "DONE").limit(9)
    old = select(replies.c.request_id).where(replies.c.time < 5.0).limit(1000)
    attempts = select(quiz.attempts.c.attempt_id).where(quiz.attempts.c.attempt_id < "attempt_5").limit(1000)
    waiting = select(func.count()).where(queue_jobs.c.topic == "topic5", queue_jobs.c.finished.is_(None))
    by_key = select(queue_jobs).where(queue_jobs.c.topic == "topic5", queue_jobs.c.key == "key501")
    mesh = [first_available("topic5"), following("topic5", now), log, held.values(attempt=1), known, swept]
    due = select(queue_jobs.c.seq).where(queue_jobs.c.finished.is_(None), queue_jobs.c.available <= now)
    due = due.order_by(queue_jobs.c.available).limit(100)
    return [*made.statements, *mesh, old, by_key, attempts, waiting, due]


async def sweeping(reader: Any) -> None:
    """The statements of what looks through everything now and then: each part of it by an index."""
    await document_inventory.owners_after(reader, "owner_id5", 100)
    await document_inventory.ids_after(reader, "document5", 100)
    await document_inventory.known(reader, ["document5", "document6"])
    await document_inventory.held(reader, ["owner_id5", "owner_id6"])
    await video_inventory.owners_after(reader, "owner_id5", 100)
    await video_inventory.filed_after(reader, "video_id5", 100)
    await video_inventory.filed(reader, ["video_id5", "video_id6"])
    await video_inventory.parts_of(reader, "video_id5")
    await video_inventory.held(reader, ["owner_id5", "owner_id6"])
    await quiz_inventory.owners_after(reader, "owner_id5", 100)
    await quiz_inventory.held(reader, ["owner_id5", "owner_id6"])


async def test_no_hot_query_reads_a_whole_table(ports: Ports) -> None:
    database: Any = ports.database
    dialect: Any = postgresql if is_postgres(ports) else sqlite
    slow = {}
    for statement in await hot(database):
        compiled: Any = statement
        query = str(compiled.compile(dialect=dialect.dialect(), compile_kwargs={"literal_binds": True}))
        steps = await plan(ports, query)
        if any(reads_all(step) for step in steps):
            slow[query] = steps
    assert slow == {}


async def test_no_hot_query_skips_rows_that_it_has_read(ports: Ports) -> None:
    statements = await hot(ports.database)  # type: ignore[arg-type]
    assert [statement for statement in map(str, statements) if "OFFSET" in statement] == []


async def test_a_query_without_an_index_would_be_noticed(ports: Ports) -> None:
    steps = await plan(ports, "SELECT * FROM document_documents WHERE lease_token = 5")
    assert any(reads_all(step) for step in steps)


def reads_all(step: str) -> bool:
    """Whether a step of a plan goes through a whole table, in either database's words."""
    if "Seq Scan on" in step:
        return any(f"Seq Scan on {table.name}" in step for table in BIG)
    return any(step.startswith(f"SCAN {table.name}") and "INDEX" not in step for table in BIG)
