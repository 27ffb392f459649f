"""Ids sort by the time they were made, or are the same for the same parts."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from mesh.ids import Ids, derived

MILLISECONDS = st.integers(0, (1 << 48) - 1)


@given(MILLISECONDS, st.integers(0, (1 << 74) - 1))
def test_a_new_id_is_a_uuid_of_version_7_with_its_time(milliseconds: int, bits: int) -> None:
    made = uuid.UUID(Ids(lambda: milliseconds, lambda _: bits).new())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == milliseconds
    assert (made.int >> 64 & 0xFFF) << 62 | made.int & (1 << 62) - 1 == bits


@given(MILLISECONDS, MILLISECONDS)
def test_later_ids_sort_later(one: int, other: int) -> None:
    first, second = (Ids(lambda at=at: at, lambda _: 0).new() for at in sorted((one, other)))  # type: ignore[misc]
    assert first <= second


def test_new_ids_differ() -> None:
    ids = Ids()
    assert len({ids.new() for _ in range(1000)}) == 1000


@given(st.lists(st.text()), st.lists(st.text()))
def test_derived_ids_are_equal_exactly_for_equal_parts(one: list[str], other: list[str]) -> None:
    assert (derived(*one) == derived(*other)) is (one == other)


def test_a_derived_id_is_a_uuid_and_never_changes() -> None:
    assert (
        derived("document", "d1") == Ids().derived("document", "d1") == "f902db83-b3ab-8737-a30c-07366d692c03"
    )
    assert uuid.UUID(derived("a")).version == 8
