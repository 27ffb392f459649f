"""A process for tests of the pool that does what the task's name says."""

import os
import sys
import time

from services.llm import process_frames
from services.llm.process_frames import Outcome


def main() -> None:
    """Serves until the pipe closes."""
    while (asked := process_frames.read_asked(sys.stdin.buffer)) is not None:
        task, body = asked
        if task == "die":
            os._exit(3)
        if task == "die-once" and not os.path.exists(body):
            open(body, "w").close()
            os._exit(3)
        if task == "sleep":
            time.sleep(float(body))
        while task == "until" and not os.path.exists(body):
            time.sleep(0.01)
        reply = {"echo": body, "environment": "\n".join(os.environ).encode()}.get(task, b"%d" % os.getpid())
        sys.stdout.buffer.write(process_frames.answered(Outcome.DONE, reply))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
