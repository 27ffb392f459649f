"""An attempt that is started while its quiz is deleted by another process."""

import asyncio

from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2
from sqlalchemy import func, select

from mesh.config import Settings
from mesh.ports.open_ports import open_ports
from services.quiz import store

QUIZ = quiz_pb2.Quiz(quiz_id="q", document_id="d", questions=[quiz_pb2.Question(question_id="one")])


async def test_no_attempt_outlives_its_quiz(postgres_url: str) -> None:
    ports = await open_ports(Settings(database_url=postgres_url))
    database = ports.database

    async def delete() -> None:
        async with database.transaction() as tx:
            await store.remove_quiz(tx, "q")

    try:
        async with database.transaction() as tx:
            await store.add_quiz(tx, "ada", QUIZ, [task_pb2.Item()])
        async with database.transaction() as tx:
            assert await store.find_quiz(tx, "ada", "q") is not None
            deleting = asyncio.create_task(delete())
            # Time enough for it to get to where it has to wait.
            await asyncio.sleep(0.5)
            await store.add_attempt(tx, "ada", quiz_pb2.Attempt(attempt_id="a", quiz_id="q"))
        await deleting
        async with database.reading() as reader:
            left = (await reader.execute(select(func.count()).select_from(store.attempts))).scalar_one()
        assert left == 0
    finally:
        await ports.close()
