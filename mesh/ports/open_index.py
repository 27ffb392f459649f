"""Chooses the index adapter by configuration."""

from mesh.config import ConfigurationError, Settings
from mesh.ports.index import Index
from mesh.ports.index_tantivy import TantivyIndex


def open_index(settings: Settings) -> Index:
    """The index of this process.

    Raises:
        ConfigurationError: the URL names an engine that is not supported, or the `semantic` extra is switched on
            and not installed.
    """
    if settings.elasticsearch_url is not None:
        raise ConfigurationError(
            ["ELASTICSEARCH_URL: not supported yet; leave it out to use the embedded index"]
        )
    return _semantic(settings) if settings.semantic else TantivyIndex(settings.index_dir)


def _semantic(settings: Settings) -> TantivyIndex:
    # Imported where it is used: a process that ranks by words alone starts without numpy.
    from mesh.ports.embeddings import open_embeddings
    from mesh.ports.index_likeness import Likeness

    return TantivyIndex(settings.index_dir, Likeness(open_embeddings(), settings.index_dir))
