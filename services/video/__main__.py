"""Wires the video service: `python -m services.video`."""

import asyncio
import time

from mootion.video.v1 import rendering_service_pb2, video_service_pb2
from mootion.video.v1.rendering_service_pb2_grpc import add_VideoRenderingServiceServicer_to_server
from mootion.video.v1.video_service_pb2_grpc import add_VideoServiceServicer_to_server

from mesh.orphans import sweep_daily
from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from mesh.watch import Notifier
from mesh.worker import consume
from services.video import media, plan
from services.video.library import Library
from services.video.orphans import Files
from services.video.rendering import VideoRenderingService
from services.video.service import VideoService


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""
    notifier = Notifier()
    planner = plan.Planner(runtime, notifier)

    async def plan_videos() -> None:
        await consume(runtime, plan.TOPIC, planner.handle, until=asyncio.Event(), on_dead=planner.on_dead)

    async def sweep_orphans() -> None:
        await sweep_daily(Files(runtime.database, runtime.blobs).sweep, time.time)

    return Parts(
        name="video",
        servicers=[
            Servicer(
                VideoService(runtime, notifier),
                add_VideoServiceServicer_to_server,
                video_service_pb2.DESCRIPTOR.services_by_name["VideoService"],
            ),
            Servicer(
                VideoRenderingService(runtime, notifier),
                add_VideoRenderingServiceServicer_to_server,
                rendering_service_pb2.DESCRIPTOR.services_by_name["VideoRenderingService"],
            ),
        ],
        tasks=[plan_videos, lambda: runtime.events.run("video", Library(runtime).follow), sweep_orphans],
        queues=("video.plan", "video.scene", "video.stitch"),
        subscriptions=("video",),
        http=media.application(runtime),
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
