"""A full-text index of everything an owner may find: the same contract for the embedded and the scaled engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Entry:
    """Something that can be found. `kind` is a name such as `PASSAGE`; `section` the headings it stands under."""

    kind: str
    id: str
    owner_id: str
    document_id: str
    title: str
    text: str
    section: str = ""
    page: int = 0
    created_us: int = 0
    sequence: int = 0


@dataclass(frozen=True)
class IndexQuery:
    """What to find, always within one owner's entries. Empty sequences do not narrow."""

    owner_id: str
    words: str
    kinds: Sequence[str] = ()
    document_ids: Sequence[str] = ()
    created_after_us: int = 0
    minimum_match_percent: int = 0
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True)
class IndexHit:
    """An entry that was found, its score, and parts of its text with matches between `<em>` and `</em>`."""

    entry: Entry
    score: float
    highlights: Sequence[str]


@dataclass(frozen=True)
class IndexResult:
    """Hits, best first; counts over all kinds; the query with typing errors mended, when it had any."""

    hits: Sequence[IndexHit]
    total: int
    by_kind: Mapping[str, int] = field(default_factory=dict)
    corrected: str = ""


@dataclass(frozen=True)
class Replacement:
    """A change of the index: what leaves it and what takes its place.

    Everything of `document_id` and `kinds` leaves, or with `ids` only those of `kinds` with these ids.
    """

    kinds: Sequence[str]
    document_id: str = ""
    ids: Sequence[str] = ()
    entries: Sequence[Entry] = ()


class Index(Protocol):
    """Where entries are found. A change can be found as soon as `replace` returned."""

    async def replace(self, change: Replacement) -> None:
        """Makes a change, whole or not at all; a repeat leaves the index as it is."""
        ...

    async def search(self, query: IndexQuery) -> IndexResult:
        """Finds entries: stemmed words, `"phrases"`, and unknown words with their typing errors mended."""
        ...

    async def suggest(self, owner_id: str, prefix: str, limit: int) -> Sequence[str]:
        """Titles that go on from what was typed, most frequent first."""
        ...

    async def owners(self) -> Sequence[str]:
        """Everybody who has entries."""
        ...

    async def documents(self, owner_id: str) -> Sequence[str]:
        """Ids of the documents that an owner's entries belong to; one is empty where entries belong to none."""
        ...

    async def entries(self, owner_id: str, document_id: str) -> Sequence[Entry]:
        """All of an owner's entries that belong to a document, or to none where its id is empty."""
        ...

    async def close(self) -> None:
        """Ends all work and frees the index for another process."""
        ...
