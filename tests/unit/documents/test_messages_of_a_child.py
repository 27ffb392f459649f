"""The messages between a reading child and its parent."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.documents.frames import MOST_FRAME, FrameReader, encode

bodies = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=4), max_leaves=20
)


@given(st.lists(st.tuples(st.text(max_size=9), bodies), max_size=6), st.integers(1, 9))
def test_messages_arrive_whole_however_they_are_cut(messages: list[tuple[str, object]], step: int) -> None:
    data = b"".join(encode(kind, body) for kind, body in messages)
    reader = FrameReader()
    found = [message for n in range(0, len(data), step) for message in reader.feed(data[n : n + step])]
    assert found == json.loads(json.dumps(messages)) or found == messages


def test_a_message_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="at most"):
        list(FrameReader().feed(struct.pack(">I", MOST_FRAME + 1)))


@pytest.mark.parametrize("body", [b"nonsense", b"[1]", b'["a",2,3]', b"{}"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(FrameReader().feed(struct.pack(">I", len(body)) + body))
