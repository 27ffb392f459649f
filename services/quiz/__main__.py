"""Wires the quiz service: `python -m services.quiz`."""

import os
import time

from mootion.event.v1 import event_pb2
from mootion.quiz.v1 import quiz_service_pb2
from mootion.quiz.v1.quiz_service_pb2_grpc import add_QuizServiceServicer_to_server

from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.quiz import retention, store
from services.quiz.generate import Generator
from services.quiz.service import QuizService
from services.quiz.settings import QuizSettings


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    kept_days = QuizSettings.from_environment(os.environ).attempt_days

    async def follow_deletion(event: event_pb2.Event) -> None:
        if not event.HasField("document_deleted"):
            return
        async with runtime.database.transaction() as tx:
            document_id = event.document_deleted.document_id
            removed = await store.quizzes_of(tx, document_id)
            await store.remove_quizzes_of(tx, document_id)
            for quiz_id, owner_id in removed:
                deleted = event_pb2.QuizDeleted(quiz_id=quiz_id)
                tx.publish(event_pb2.Event(owner_id=owner_id, quiz_deleted=deleted))

    async def remove_old_attempts() -> None:
        await retention.sweep_always(runtime.database, time.time, kept_days)

    return Parts(
        name="quiz",
        servicers=[
            Servicer(
                QuizService(runtime, Generator(runtime)),
                add_QuizServiceServicer_to_server,
                quiz_service_pb2.DESCRIPTOR.services_by_name["QuizService"],
            )
        ],
        tasks=[lambda: runtime.events.run("quiz", follow_deletion), remove_old_attempts],
        subscriptions=("quiz",),
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
