"""A store that cannot be reached for want of descriptors says so, and not that the store is away."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from obstore.store import S3Store

from mesh.ports.blobs_s3 import S3Blobs
from mesh.ports.failures import DescriptorsExhausted, StorageUnavailable, are_descriptors_short
from mesh.ports.postgres_errors import typed_postgres_errors

MOST = 256
NOBODY = "postgresql://nobody@127.0.0.1:9/none"


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Not one file more can be opened while the block lasts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(MOST, soft), hard))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        try:
            while True:
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            assert error.errno == errno.EMFILE
        yield


async def test_a_database_that_cannot_be_reached_for_want_of_descriptors() -> None:
    with no_descriptors(), pytest.raises(DescriptorsExhausted, match="ulimit"), typed_postgres_errors():
        await psycopg.AsyncConnection.connect(NOBODY)
    with pytest.raises(StorageUnavailable), typed_postgres_errors():
        await psycopg.AsyncConnection.connect(NOBODY)
    assert not are_descriptors_short()


async def test_a_bucket_that_cannot_be_reached_for_want_of_descriptors() -> None:
    store = S3Store(
        "bucket",
        endpoint="http://127.0.0.1:9",
        region="us-east-1",
        access_key_id="key",
        secret_access_key="secret",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    blobs = S3Blobs(store, store)
    with pytest.raises(StorageUnavailable):
        await blobs.size("warm")
    with no_descriptors(), pytest.raises(DescriptorsExhausted, match="ulimit"):
        await blobs.size("one")
