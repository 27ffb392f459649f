"""Runs a render worker: `python -m workers.render`."""

import os

from mesh.config import Settings
from mesh.runtime import Runtime
from mesh.worker import Consumer, run_worker
from workers.render.consumer import SCENE_TOPIC, STITCH_TOPIC, RenderConsumer
from workers.workspace import workspace


def main() -> None:
    """Works until it is told to stop."""
    with workspace(Settings.from_environment(os.environ).data_dir / "work") as folder:

        def consumers(runtime: Runtime) -> list[Consumer]:
            renders = RenderConsumer(runtime, folder)
            return [
                Consumer(SCENE_TOPIC, renders.handle_scene, renders.on_dead_scene),
                Consumer(STITCH_TOPIC, renders.handle_stitch, renders.on_dead_stitch),
            ]

        run_worker("render-worker", consumers, one_at_a_time=True)


if __name__ == "__main__":
    main()
