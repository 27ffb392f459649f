"""Moves the index on Elasticsearch to a new one while it is in use."""

import asyncio

from mesh.config import ConfigurationError, Settings
from mesh.ports.failures import StorageFull, StorageUnavailable


class ReindexFailed(Exception):
    """The index could not be moved and stays in use as it was; the message says what to do."""


def reindex(settings: Settings, shards: int | None) -> str:
    """Copies all entries to a new index of today's mapping and lets searches and writes go on there.

    Args:
        shards: parts of the new index; as many as the old one has where it is None.

    Returns:
        The name of the new index.

    Raises:
        ConfigurationError: there is no Elasticsearch.
        ReindexFailed: it did not answer or had no room.
    """
    if settings.elasticsearch_url is None:
        raise ConfigurationError(["ELASTICSEARCH_URL: is not set; the embedded index needs no reindex"])
    try:
        return asyncio.run(_reindex(settings.elasticsearch_url, shards))
    except (StorageUnavailable, StorageFull) as error:
        said = error.strerror or error
        raise ReindexFailed(f"{said}. Searches go on as before; run this again, it starts anew.") from error


async def _reindex(url: str, shards: int | None) -> str:
    from mesh.ports.index_elasticsearch import ElasticsearchIndex

    index = ElasticsearchIndex(url)
    try:
        return await index.reindex(shards)
    finally:
        await index.close()
