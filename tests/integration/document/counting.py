"""What work costs: the statements it sends to the database, and the calls it makes to services."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from mesh.client import Channels

# Tables of services, and what a unit of work sends out. What the mesh's loops read by themselves is none of these.
_WORK = (" document_", " flowchart_", " quiz_", " video_", "INTO outbox", "INTO queue_jobs", "INTO replies")


@dataclass
class Counts:
    """What was seen so far, in order: one entry for a statement, also where it is run for a list of rows."""

    statements: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    async def statements_of(self, work: Awaitable[object]) -> int:
        """How many statements work sends, with all it waits for."""
        before = len(self.statements)
        await work
        return len(self.statements) - before

    async def calls_of(self, work: Callable[[], Awaitable[object]]) -> list[str]:
        """The methods that are called during work, the ones it calls itself among them."""
        before = len(self.calls)
        await work()
        return sorted(self.calls[before:])


@contextmanager
def counting() -> Iterator[Counts]:
    """Counts in all databases and channels of this process until the block ends. Open them inside."""
    counts = Counts()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if any(name in statement for name in _WORK):
            counts.statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with _noted_calls(counts.calls.append):
            yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def _noted_calls(note: Callable[[str], None]) -> Iterator[None]:
    original: Any = Channels.stub

    def stub(self: Channels, stub_class: Any, service: str, **identity: Any) -> Any:
        return _Noted(original(self, stub_class, service, **identity), note)

    Channels.stub = stub  # type: ignore[method-assign]
    try:
        yield
    finally:
        Channels.stub = original  # type: ignore[method-assign]


class _Noted:
    """A client whose calls are noted by name."""

    def __init__(self, stub: Any, note: Callable[[str], None]) -> None:
        self._stub = stub
        self._note = note

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._stub, method)

        def noted(*arguments: Any, **options: Any) -> Any:
            self._note(method)
            return call(*arguments, **options)

        return noted
