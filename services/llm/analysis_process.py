"""The process that does language analysis: `python -m services.llm.analysis_process`, tasks in, replies out.

It shares nothing with the server that starts it, keeps the analyses of the last texts in memory, and ends at once when
the server's end of the pipe is gone, whatever it is doing.
"""

import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import BinaryIO

from services.llm import process_frames
from services.llm.extractive.too_little_content import TooLittleContent
from services.llm.extractive_tasks import FUNCTIONS
from services.llm.process_frames import Outcome

Asked = tuple[str, bytes]


def main() -> None:
    """Serves tasks one after the other until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get among the replies.
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[Asked] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, waiting), daemon=True).start()
    while True:
        replies.write(process_frames.answered(*perform(*waiting.get())))
        replies.flush()


def _listen(pipe: BinaryIO, waiting: "queue.SimpleQueue[Asked]") -> None:
    while (task := process_frames.read_asked(pipe)) is not None:
        waiting.put(task)
    os._exit(0)


def perform(task: str, request: bytes) -> tuple[Outcome, bytes]:
    """Does one task. A fault is described by its type and where it happened, without its text."""
    message, function = FUNCTIONS[task]
    try:
        return Outcome.DONE, function(message.FromString(request)).SerializeToString(deterministic=True)
    except TooLittleContent:
        return Outcome.TOO_LITTLE_CONTENT, b""
    except Exception as error:
        return Outcome.FAULT, _described(error)


def _described(error: Exception) -> bytes:
    frames = traceback.extract_tb(error.__traceback__)
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return json.dumps({"exception": type(error).__qualname__, "stack": stack}).encode()


if __name__ == "__main__":
    main()
