"""What a reply says, and where the system failed, what its log says of the call."""

import time
from typing import Protocol

import httpx2

_SYSTEM = "mootion.system"
# Lines of a log are written twenty times a second.
_WRITTEN_SECONDS = 2.0
_MOST_LINES, _MOST_LETTERS = 12, 3000


class Logged(Protocol):
    """A system that can be asked for its log."""

    def log(self) -> str: ...


def remembering(client: httpx2.Client, system: Logged) -> httpx2.Client:
    """The same client; its replies know what system they are of."""

    def remember(reply: httpx2.Response) -> None:
        reply.extensions[_SYSTEM] = system

    client.event_hooks = {**client.event_hooks, "response": [*client.event_hooks["response"], remember]}
    return client


def told(reply: httpx2.Response) -> str:
    """Status and body, and of a 5xx the lines of the log with its request id; where it has none, the last errors."""
    said = f"{reply.status_code} {reply.read().decode(errors='replace')[:2000]}"
    system = reply.extensions.get(_SYSTEM)
    if reply.status_code < 500 or system is None:
        return said
    return "\n".join([said, "its log:", *_lines(system, reply.headers.get("x-request-id", ""))])


def _lines(system: Logged, request_id: str) -> list[str]:
    give_up = time.monotonic() + _WRITTEN_SECONDS
    while True:
        lines = system.log().splitlines()
        about = [line for line in lines if request_id and request_id in line]
        if any('"error"' in line for line in about) or time.monotonic() > give_up:
            break
        time.sleep(0.1)
    shown = about or [line for line in lines if '"error"' in line or "rror:" in line]
    return [line[:_MOST_LETTERS] for line in shown[-_MOST_LINES:]] or ["nothing of it"]
