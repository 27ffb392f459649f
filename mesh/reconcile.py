"""What `mootion reconcile` asks of the search service, by jobs, and what it is told, by blobs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

TOPIC = "search.reconcile"
# Replies lie below this until they were read.
REPLIES = "reconcile/"


@dataclass(frozen=True)
class Holding:
    """What an owner has: ids of documents; of quizzes and of videos with the document each belongs to, if any."""

    owner_id: str
    documents: Sequence[str] = ()
    quizzes: Mapping[str, str] = field(default_factory=dict)
    videos: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """A job: which owners' entries to compare, or, without holdings, to tell which owners the index knows.

    The reply is stored as the blob `reply_key`; none is where that is empty.
    """

    reply_key: str
    dry_run: bool = False
    holdings: Sequence[Holding] | None = None

    def encoded(self) -> bytes:
        """The body of the job."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decoded(cls, body: bytes) -> "Order":
        """Reads the body of a job."""
        found = json.loads(body)
        holdings = found["holdings"]
        if holdings is not None:
            holdings = [Holding(**each) for each in holdings]
        return cls(found["reply_key"], found["dry_run"], holdings)


@dataclass(frozen=True)
class Difference:
    """Entries that were compared, and those of them that were missing, that nothing stands for, or that said other
    things than their owner."""

    compared: int = 0
    missing: int = 0
    extra: int = 0
    stale: int = 0

    def __add__(self, other: "Difference") -> "Difference":
        return Difference(
            self.compared + other.compared,
            self.missing + other.missing,
            self.extra + other.extra,
            self.stale + other.stale,
        )

    @property
    def is_none(self) -> bool:
        """Whether the index was as it has to be."""
        return not (self.missing or self.extra or self.stale)


@dataclass(frozen=True)
class Reply:
    """What came of an order: the owners that the index knows, or the differences; `failure` where it was given up."""

    owners: Sequence[str] = ()
    difference: Difference = Difference()
    failure: str = ""

    def encoded(self) -> bytes:
        """The content of the blob."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decoded(cls, content: bytes) -> "Reply":
        """Reads the content of the blob."""
        found = json.loads(content)
        return cls(found["owners"], Difference(**found["difference"]), found["failure"])
