"""Wires the llm service: `python -m services.llm`."""

import os

from mootion.llm.v1 import llm_service_pb2
from mootion.llm.v1.llm_service_pb2_grpc import add_LlmServiceServicer_to_server

from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.llm.budget import DailyBudget
from services.llm.desk import Desk
from services.llm.engine import Engine
from services.llm.extractive_engine import ExtractiveEngine
from services.llm.process_pool import ProcessPool
from services.llm.service import LlmService
from services.llm.settings import LlmSettings


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given.

    Raises:
        ConfigurationError: a setting of the engines is wrong.
    """
    settings = LlmSettings.from_environment(os.environ)
    desk = _desk(runtime, settings)

    return Parts(
        name="llm",
        servicers=[
            Servicer(
                LlmService(desk),
                add_LlmServiceServicer_to_server,
                llm_service_pb2.DESCRIPTOR.services_by_name["LlmService"],
            )
        ],
        stop=desk.close,
    )


def _desk(runtime: Runtime, settings: LlmSettings) -> Desk:
    extractive = ExtractiveEngine(ProcessPool(settings.processes))
    if runtime.settings.engine == "extractive":
        return Desk(extractive, None, runtime.cache)
    return Desk(_openai(runtime, settings), extractive, runtime.cache)


def _openai(runtime: Runtime, settings: LlmSettings) -> Engine:
    # Imported here: the SDK costs 40 MB and two seconds that the built-in engine need not spend.
    from services.llm.openai_engine import OpenAiEngine

    budget = DailyBudget(runtime.database, runtime.clock, "openai", settings.daily_tokens)
    return OpenAiEngine.open(runtime.settings, budget)


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
