"""Lists, newest first, one page at a time: the same way for all of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from mesh import pages
from mesh.ports.sql import Database, Reader

DEFAULT, MOST = 20, 100

# Where a list goes on: behind the one of this time and id.
Place = tuple[int, str]
One = TypeVar("One")
# Gives the next ones from behind a place on, as many as asked for at the most.
Following = Callable[[Reader, Place | None, int], Awaitable[Sequence[One]]]


async def page(
    database: Database, request: Message, following: Following[One], place_of: Callable[[One], Place]
) -> tuple[Sequence[One], str]:
    """What a page shows, and the token of the next page, empty after the last.

    Args:
        request: has a `page_size` and a `page_token`.

    Raises:
        CallError: INVALID_PAGE_TOKEN.
    """
    requested: int = request.page_size  # type: ignore[attr-defined]
    size = pages.page_size(requested, default=DEFAULT, most=MOST)
    after = pages.decode(request, int, str)
    async with database.reading() as reader:
        found = await following(reader, after, size + 1)
    token = pages.encode(request, *place_of(found[size - 1])) if len(found) > size else ""
    return found[:size], token
