"""A page token is good for the list and the filters it was made for, and nothing else."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mootion.document.v1 import document_service_pb2 as documents
from mootion.video.v1 import video_service_pb2 as videos

from mesh import pages
from mesh.errors import CallError


def listing(token: str = "", **filters: object) -> videos.ListVideosRequest:
    return videos.ListVideosRequest(page_token=token, **filters)  # type: ignore[arg-type]


@given(st.integers(), st.text())
def test_a_position_comes_back_as_it_went(number: int, text: str) -> None:
    token = pages.encode(listing(tag="a"), number, text)
    assert pages.decode(listing(token, tag="a", page_size=7), int, str) == (number, text)


def test_no_token_asks_for_the_first_page() -> None:
    assert pages.decode(listing(), int) is None


def refused(request: Any, *kinds: Any) -> None:
    with pytest.raises(CallError, match="page token"):
        pages.decode(request, *kinds)


def test_a_token_for_other_filters_or_another_list_is_refused() -> None:
    token = pages.encode(listing(tag="a"), 1)
    refused(listing(token, tag="b"), int)
    refused(documents.ListDocumentsRequest(page_token=token), int)


def test_a_position_of_other_types_is_refused() -> None:
    token = pages.encode(listing(), 1, "x")
    refused(listing(token), int)
    refused(listing(token), str, int)


@given(st.text(max_size=100))
def test_what_is_no_token_is_refused(text: str) -> None:
    if text:
        refused(listing(text), int)


@given(st.binary(min_size=8, max_size=40))
def test_bytes_that_only_look_like_a_token_are_refused(raw: bytes) -> None:
    refused(listing(base64.urlsafe_b64encode(raw).decode()), int)


def test_the_size_of_a_page_has_a_default_and_a_bound() -> None:
    assert [pages.page_size(asked, default=20, most=100) for asked in (0, 5, 100, 1000)] == [20, 5, 100, 100]
