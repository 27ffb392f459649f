"""Wires the answer service: `python -m services.answer`."""

from mootion.answer.v1 import answer_service_pb2
from mootion.answer.v1.answer_service_pb2_grpc import add_AnswerServiceServicer_to_server

from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.answer.evidence import Evidence
from services.answer.service import AnswerService


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""
    return Parts(
        name="answer",
        servicers=[
            Servicer(
                AnswerService(runtime, Evidence(runtime)),
                add_AnswerServiceServicer_to_server,
                answer_service_pb2.DESCRIPTOR.services_by_name["AnswerService"],
            )
        ],
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
