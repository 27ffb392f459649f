"""Many writes in few requests, each seen to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import AsyncElasticsearch

from mesh.ports.index_elasticsearch_failures import failure_of

OPERATIONS_A_REQUEST = 1000


@dataclass(frozen=True)
class Put:
    """Writes a document over the one of this id."""

    id: str
    owner_id: str
    source: Mapping[str, Any]


@dataclass(frozen=True)
class Remove:
    """Deletes a document; one that is not there is left at that."""

    id: str
    owner_id: str


async def write(client: AsyncElasticsearch, alias: str, operations: Sequence[Put | Remove]) -> None:
    """Sends the operations in their order. They show in searches after the next refresh.

    Raises:
        StorageUnavailable, StorageFull: one was refused; a repeat of all of them mends what was left half done.
        ValueError: one can never be done; the message says why.
    """
    for first in range(0, len(operations), OPERATIONS_A_REQUEST):
        part = operations[first : first + OPERATIONS_A_REQUEST]
        lines = [line for operation in part for line in _lines(operation)]
        done = await client.bulk(index=alias, operations=lines, require_alias=True)
        if done["errors"]:
            _check(done["items"])


def _lines(operation: Put | Remove) -> list[Mapping[str, Any]]:
    target = {"_id": operation.id, "routing": operation.owner_id}
    return [{"index": target}, operation.source] if isinstance(operation, Put) else [{"delete": target}]


def _check(items: Sequence[Mapping[str, Any]]) -> None:
    for item in items:
        [result] = item.values()
        if "error" in result:
            reason = f"{result['error']['type']}: {result['error']['reason']}"
            raise failure_of(result["status"], reason) or ValueError(f"index: an entry was refused: {reason}")
