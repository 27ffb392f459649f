"""The travel of one file through the product, by the front door of a running system."""

from pathlib import Path

from cli.journey import Journey, Made, Progress
from gateway.front import FrontDoor
from mesh.client import Channels
from mesh.config import Settings
from mesh.telemetry import Telemetry


async def travel(settings: Settings, file: Path, progress: Progress) -> Made:
    """Takes a file through everything; see Journey."""
    telemetry = Telemetry.open(settings, "demo")
    address = f"127.0.0.1:{settings.edge_port}"
    channels = Channels(lambda service: address, "", telemetry, certificates=FrontDoor.of(settings))
    try:
        return await Journey(channels, progress).run(file)
    finally:
        await channels.close()
        telemetry.close()
