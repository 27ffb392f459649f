"""Chooses the index adapter by configuration."""

from mesh.config import ConfigurationError, Settings
from mesh.ports.index import Index
from mesh.ports.index_tantivy import TantivyIndex


def open_index(settings: Settings) -> Index:
    """The index of this process.

    Raises:
        ConfigurationError: the `semantic` extra is switched on and not installed, or together with Elasticsearch.
    """
    if settings.elasticsearch_url is not None:
        return _elasticsearch(settings, settings.elasticsearch_url)
    return _semantic(settings) if settings.semantic else TantivyIndex(settings.index_dir)


def _elasticsearch(settings: Settings, url: str) -> Index:
    if settings.semantic:
        raise ConfigurationError(
            [
                "ELASTICSEARCH_URL: ranking by meaning works with the embedded index only; leave out one of the two"
            ]
        )
    # Imported where it is used: a process with the embedded index starts without the client.
    from mesh.ports.index_elasticsearch import ElasticsearchIndex

    return ElasticsearchIndex(url)


def _semantic(settings: Settings) -> TantivyIndex:
    # Imported where it is used: a process that ranks by words alone starts without numpy.
    from mesh.ports.embeddings import open_embeddings
    from mesh.ports.index_likeness import Likeness

    return TantivyIndex(settings.index_dir, Likeness(open_embeddings(), settings.index_dir))
