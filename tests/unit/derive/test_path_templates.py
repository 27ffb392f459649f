"""Paths of google.api.http: what they match, and which of them overlap."""

import re
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.derive.paths import PathError, PathTemplate, well_formed_path

SEGMENTS = st.lists(st.sampled_from(["a", "b", "{x}", "{y}", "c.d"]), min_size=1, max_size=4)
VERBS = st.sampled_from(["", ":go", ":stop"])
TEMPLATES = st.builds(lambda segments, verb: "/" + "/".join(segments) + verb, SEGMENTS, VERBS)


def test_a_variable_matches_one_segment_and_a_verb_only_itself() -> None:
    template = PathTemplate.parse("/v1/documents/{document_id}:watch")
    assert template.variables == ("document_id",)
    assert re.fullmatch(template.regex, "/v1/documents/d1:watch")
    assert not re.fullmatch(template.regex, "/v1/documents/d1/x:watch")
    assert not re.fullmatch(template.regex, "/v1/documents/d1")


@given(TEMPLATES)
def test_what_fits_begins_as_the_template_says_and_without_variables_is_the_template(text: str) -> None:
    template = PathTemplate.parse(text)
    fits = text.replace("{x}", "one").replace("{y}", "two")
    assert re.fullmatch(template.regex, fits)
    assert fits.startswith(template.beginning)
    assert template.is_plain == (fits == text)


def test_a_pattern_in_braces_is_expanded() -> None:
    template = PathTemplate.parse("/v1/{name=shelves/*}/books")
    assert template.variables == ("name",)
    assert re.fullmatch(template.regex, "/v1/shelves/s1/books")
    assert not re.fullmatch(template.regex, "/v1/books/s1/books")


@pytest.mark.parametrize("text", ["v1/x", "/v1/{x", "/v1/x}", "/v1/{x}}"])
def test_a_malformed_path_is_refused(text: str) -> None:
    with pytest.raises(PathError, match=re.escape(text)):
        PathTemplate.parse(text)


@given(TEMPLATES, TEMPLATES)
def test_overlapping_is_symmetric_and_reflexive(one: str, other: str) -> None:
    first, second = PathTemplate.parse(one), PathTemplate.parse(other)
    assert first.overlaps(second) == second.overlaps(first)
    assert first.overlaps(first)


@given(TEMPLATES, TEMPLATES, st.lists(st.sampled_from(["a", "b", "q", "c.d"]), min_size=1, max_size=4), VERBS)
def test_a_path_that_fits_two_templates_of_one_verb_means_that_they_overlap(
    one: str, other: str, segments: list[str], verb: str
) -> None:
    path = "/" + "/".join(segments) + verb
    first, second = PathTemplate.parse(one), PathTemplate.parse(other)
    both = re.fullmatch(first.regex, path) and re.fullmatch(second.regex, path)
    if both and first.verb == second.verb:
        assert first.overlaps(second)


@given(TEMPLATES, TEMPLATES)
def test_what_does_not_overlap_is_never_matched_by_both(one: str, other: str) -> None:
    first, second = PathTemplate.parse(one), PathTemplate.parse(other)
    if not first.overlaps(second) and first.verb == second.verb:
        example = one.replace("{x}", "a").replace("{y}", "b")
        assert not (re.fullmatch(first.regex, example) and re.fullmatch(second.regex, example))


@given(st.text())
def test_every_text_that_is_encoded_properly_is_well_formed(text: str) -> None:
    try:
        encoded = urllib.parse.quote(text)
    except UnicodeEncodeError:
        return
    assert re.fullmatch(well_formed_path(), "/v1/documents/" + encoded)


@given(st.binary(max_size=6))
def test_bytes_are_well_formed_exactly_when_they_are_utf_8(data: bytes) -> None:
    encoded = "".join(f"%{byte:02x}" for byte in data)
    try:
        data.decode("utf-8")
        expected = True
    except UnicodeDecodeError:
        expected = False
    assert bool(re.fullmatch(well_formed_path(), encoded)) == expected
