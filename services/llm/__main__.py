"""Wires the llm service: `python -m services.llm`."""

import os

from mootion.event.v1 import event_pb2
from mootion.llm.v1 import llm_service_pb2
from mootion.llm.v1.llm_service_pb2_grpc import add_LlmServiceServicer_to_server

from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.llm import store
from services.llm.budget import DailyBudget, Meter
from services.llm.desk import Desk
from services.llm.engine import Engine
from services.llm.extractive_engine import ExtractiveEngine
from services.llm.process_pool import ProcessPool
from services.llm.quota import DailyQuota, Measured, Meters
from services.llm.service import LlmService
from services.llm.settings import LlmSettings


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given.

    Raises:
        ConfigurationError: a setting of the engines is wrong.
    """
    settings = LlmSettings.from_environment(os.environ)
    desk = _desk(runtime, settings)

    async def follow(event: event_pb2.Event) -> None:
        if event.HasField("account_erased"):
            async with runtime.database.transaction() as tx:
                await store.remove_usage_of(tx, event.owner_id)

    return Parts(
        name="llm",
        servicers=[
            Servicer(
                LlmService(desk),
                add_LlmServiceServicer_to_server,
                llm_service_pb2.DESCRIPTOR.services_by_name["LlmService"],
            )
        ],
        tasks=[lambda: runtime.events.run("llm", follow)],
        stop=desk.close,
        subscriptions=("llm",),
    )


def _desk(runtime: Runtime, settings: LlmSettings) -> Desk:
    metrics = runtime.telemetry.metrics
    extractive = ExtractiveEngine(ProcessPool(settings.processes))
    hosted = runtime.settings.engine != "extractive"
    desk = Desk(
        _openai(runtime, settings) if hosted else extractive,
        extractive if hosted else None,
        runtime.cache,
        count=lambda engine, task, outcome: metrics.engine_tasks.labels(engine, task, outcome).inc(),
    )
    if hosted:
        metrics.watch_circuit("engine", desk.breaker)
    return desk


def _openai(runtime: Runtime, settings: LlmSettings) -> Engine:
    # Imported here: the SDK costs 40 MB and two seconds that the built-in engine need not spend.
    from services.llm.openai_engine import OpenAiEngine

    name, metrics = "openai", runtime.telemetry.metrics
    meters: list[Meter] = [
        Measured(name, metrics.engine_tokens, metrics.engine_cost),
        DailyBudget(runtime.database, runtime.clock, name, settings.daily_tokens),
    ]
    if settings.daily_cost:
        meters.append(DailyQuota(runtime.limits, name, settings.daily_cost))
    return OpenAiEngine.open(runtime.settings, Meters(meters))


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
