"""gRPC passes over an option whose name it does not know, without a word: so every name has to stand in the library."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from mesh import client, server

SPEC = find_spec("grpc._cython.cygrpc")
assert SPEC is not None and SPEC.origin is not None
LIBRARY = Path(SPEC.origin).read_bytes()
NAMES = sorted({name for options in (server._OPTIONS, client._WATCHING_HEALTH) for name, _ in options})


@pytest.mark.parametrize("name", NAMES)
def test_an_option_is_known_to_the_library(name: str) -> None:
    assert name.encode() + b"\0" in LIBRARY


def test_a_name_that_is_nearly_right_is_not() -> None:
    assert b"grpc.http2.min_recv_ping_interval_without_data_ms\0" not in LIBRARY
