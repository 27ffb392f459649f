"""No statement of a service reads a whole table to find the rows of one owner, document or video."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mootion.document.v1 import document_pb2
from mootion.quiz.v1 import quiz_pb2
from mootion.video.v1 import video_pb2
from sqlalchemy import Connection, CursorResult, Executable, MetaData, create_engine
from sqlalchemy.dialects import sqlite

from services.document import store as documents
from services.flowchart import store as flowcharts
from services.quiz import store as quizzes
from services.video import store as videos

AFTER = (1, "id")
NARROW = videos.Filters(document_id="d", tag="t", include_archived=False)
WIDE = videos.Filters(document_id="", tag="", include_archived=True)
TAGGED = videos.Filters(document_id="", tag="t", include_archived=True)
Statement = Callable[[Any], Awaitable[object]]

STATEMENTS: dict[str, tuple[MetaData, Statement]] = {
    "document.find": (documents.metadata, lambda tx: documents.find_document(tx, "o", "d")),
    "document.leased": (documents.metadata, lambda tx: documents.find_leased(tx, "d")),
    "document.list": (documents.metadata, lambda tx: documents.list_documents(tx, "o", None, 9)),
    "document.list on": (documents.metadata, lambda tx: documents.list_documents(tx, "o", AFTER, 9)),
    "document.passages": (documents.metadata, lambda tx: documents.list_passages(tx, "d", 3, 9)),
    "document.atoms": (documents.metadata, lambda tx: documents.list_atoms(tx, "d", 3, 9)),
    "document.batch": (documents.metadata, lambda tx: documents.get_passages(tx, "o", ["p", "q"])),
    "document.save": (documents.metadata, lambda tx: documents.save_document(tx, document_pb2.Document())),
    "document.remove": (documents.metadata, lambda tx: documents.remove_document(tx, "d")),
    "flowchart.find": (flowcharts.metadata, lambda tx: flowcharts.find(tx, "o", "d")),
    "quiz.find": (quizzes.metadata, lambda tx: quizzes.find_quiz(tx, "o", "q")),
    "quiz.items": (quizzes.metadata, lambda tx: quizzes.find_items(tx, "q")),
    "quiz.list": (quizzes.metadata, lambda tx: quizzes.list_quizzes(tx, "o", "", AFTER, 9)),
    "quiz.list of document": (quizzes.metadata, lambda tx: quizzes.list_quizzes(tx, "o", "d", None, 9)),
    "quiz.of document": (quizzes.metadata, lambda tx: quizzes.quizzes_of(tx, "d")),
    "quiz.remove": (quizzes.metadata, lambda tx: quizzes.remove_quiz(tx, "q")),
    "quiz.remove of document": (quizzes.metadata, lambda tx: quizzes.remove_quizzes_of(tx, "d")),
    "quiz.attempt": (quizzes.metadata, lambda tx: quizzes.find_attempt(tx, "o", "a")),
    "quiz.save attempt": (quizzes.metadata, lambda tx: quizzes.save_attempt(tx, quiz_pb2.Attempt())),
    "video.find": (videos.metadata, lambda tx: videos.find(tx, "v", "o")),
    "video.script": (videos.metadata, lambda tx: videos.find_script(tx, "v")),
    "video.list": (videos.metadata, lambda tx: videos.list_videos(tx, "o", WIDE, AFTER, 9)),
    "video.list narrow": (videos.metadata, lambda tx: videos.list_videos(tx, "o", NARROW, None, 9)),
    "video.list tagged": (videos.metadata, lambda tx: videos.list_videos(tx, "o", TAGGED, None, 9)),
    "video.save": (videos.metadata, lambda tx: videos.save(tx, video_pb2.Video(), lease_token=1)),
    "video.tags": (videos.metadata, lambda tx: videos.save_tags(tx, video_pb2.Video(tags=["t"]))),
    "video.remove": (videos.metadata, lambda tx: videos.remove(tx, "v")),
    "video.of document": (videos.metadata, lambda tx: videos.videos_of(tx, "d", 9)),
    "video.scene lease": (videos.metadata, lambda tx: videos.scene_lease(tx, "v", 1)),
    "video.scene": (videos.metadata, lambda tx: videos.save_scene(tx, "v", 1, 1)),
    "video.rendered": (videos.metadata, lambda tx: videos.rendered_scenes(tx, "v")),
}


class Explaining:
    """Runs statements and keeps SQLite's plan of each."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.plans: list[str] = []

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
        given = tuple(compiled.params[name] for name in compiled.positiontup or ())
        if not parameters:
            rows = self._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given)
            self.plans += [row[3] for row in rows]
        return self._connection.execute(statement, parameters)


@pytest.mark.parametrize("name", STATEMENTS)
async def test_every_statement_finds_its_rows_by_an_index(name: str) -> None:
    metadata, statement = STATEMENTS[name]
    engine = create_engine("sqlite+pysqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        explaining = Explaining(connection)
        await statement(explaining)
    assert explaining.plans
    assert [plan for plan in explaining.plans if plan.startswith("SCAN") or "TEMP B-TREE" in plan] == []
