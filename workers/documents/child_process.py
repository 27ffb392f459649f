"""A child process that reads one document: started clean, watched, and killed whole.

The child is spawned, never forked from this process. It is the leader of its own session, has an empty
environment, and puts itself under limits before it touches the file, which it is handed as an open descriptor. It
stands behind a wall where bubblewrap can build one, else in an empty working folder that it removes at once.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from workers.documents import bubblewrap, failures
from workers.documents.failures import DocumentFailure
from workers.documents.frames import FrameReader
from workers.documents.limits import Limits

_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path[:] = sys.argv[1:]; from workers.documents.child import main; main()"
_POLL = 0.1  # seconds between two looks at whether the work was cancelled
_MOST_BYTES = 512 << 20  # of messages from one child
# By the child's own end, and as bubblewrap tells it.
_DAMAGE = (-signal.SIGSEGV, -signal.SIGBUS, 128 + signal.SIGSEGV, 128 + signal.SIGBUS)


class ReadingCancelled(Exception):
    """The caller asked to stop; the child is gone."""


class Child:
    """One reading process. It starts at once and waits, so it can be made before there is work."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="mootion-reading-")
        self._channel, channel_of_child = socket.socketpair()
        try:
            with channel_of_child:
                self._process = subprocess.Popen(
                    bubblewrap.walled(_command()),
                    stdin=channel_of_child.fileno(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd=self.folder,
                    env={"LC_ALL": "C.UTF-8"},
                    start_new_session=True,
                )
        except OSError:
            self._channel.close()
            self._remove_folder()
            raise
        if bubblewrap.is_usable():
            self._remove_folder()

    @property
    def pid(self) -> int:
        """The process id, which is the id of its session and process group too."""
        return self._process.pid

    def waits(self) -> bool:
        """Whether the child is still there."""
        return self._process.poll() is None

    def run(
        self, job: dict[str, Any], limits: Limits, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[tuple[str, Any], None, None]:
        """Gives the child its job and yields its messages: kind and body.

        Raises ReadingCancelled, or DocumentFailure when the child ends before its time, breaks a limit or
        sends what is no message. The child is gone when the iterator ends, is closed or raises.
        """
        try:
            self._give(job | {"limits": {name: getattr(limits, name) for name in Limits.__slots__}})
            yield from self._messages(time.monotonic() + limits.wall_seconds, cancelled)
            self._check_end()
        finally:
            self.kill()

    def kill(self) -> None:
        """Ends the child and all it may have started, and removes its folder; harmless the second time."""
        with suppress(ProcessLookupError, PermissionError):
            if self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._channel.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._remove_folder()

    def _give(self, job: dict[str, Any]) -> None:
        """Sends the job with its file, opened here; a pipe in its place keeps the child waiting, not this process."""
        document = os.open(job.pop("path"), os.O_RDONLY | os.O_NONBLOCK)
        try:
            with suppress(
                BrokenPipeError, ConnectionResetError
            ):  # a child that died already is reported by its end
                line = json.dumps(job).encode() + b"\n"
                sent = socket.send_fds(self._channel, [line], [document])
                self._channel.sendall(line[sent:])
        finally:
            os.close(document)

    def _messages(self, deadline: float, cancelled: Callable[[], bool]) -> Iterator[tuple[str, Any]]:
        assert self._process.stdout is not None
        descriptor, reader, total = self._process.stdout.fileno(), FrameReader(), 0
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                if cancelled():
                    raise ReadingCancelled
                left = deadline - time.monotonic()
                if left <= 0:
                    raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)
                if not selector.select(min(_POLL, left)):
                    continue
                data = os.read(descriptor, 1 << 18)
                if not data:
                    return
                total += len(data)
                if total > _MOST_BYTES:
                    raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)
                yield from self._decoded(reader, data)

    @staticmethod
    def _decoded(reader: FrameReader, data: bytes) -> Iterator[tuple[str, Any]]:
        try:
            messages = list(reader.feed(data))
        except ValueError as broken:
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE) from broken
        yield from messages

    def _check_end(self) -> None:
        """A child killed for touching wrong memory read something damaged; any other death is too costly."""
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY) from None
        if code in _DAMAGE:
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE)
        if code != 0:
            raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)

    def _remove_folder(self) -> None:
        with suppress(FileNotFoundError):
            os.rmdir(self.folder)


def _command() -> list[str]:
    paths = [path for path in sys.path if os.path.isabs(path)]
    return [sys.executable, "-I", "-S", "-X", "utf8", "-c", _START, *dict.fromkeys([_ROOT, *paths])]
