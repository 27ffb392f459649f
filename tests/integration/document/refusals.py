"""What a call must be refused with."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, reason_name


@contextmanager
def refused(reason: reason_pb2.Reason.ValueType) -> Iterator[None]:
    """Fails unless the block ends by a CallError with this reason."""
    with pytest.raises(CallError) as found:
        yield
    assert reason_name(found.value.reason) == reason_name(reason), found.value


async def reason_of(call: Awaitable[Any]) -> str:
    """Name of the reason a call is refused with; empty for one that is not."""
    try:
        await call
    except CallError as error:
        return reason_name(error.reason)
    return ""
