"""Chooses the index adapter by configuration."""

from mesh.config import ConfigurationError, Settings
from mesh.ports.index import Index
from mesh.ports.index_tantivy import TantivyIndex


def open_index(settings: Settings) -> Index:
    """The index of this process.

    Raises:
        ConfigurationError: the URL names an engine that is not supported.
    """
    if settings.elasticsearch_url is None:
        return TantivyIndex(settings.index_dir)
    raise ConfigurationError(["ELASTICSEARCH_URL: not supported yet; leave it out to use the embedded index"])
