"""Singulars of English nouns."""

import pytest

from services.llm.extractive.inflection import singular


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("volcanoes", "volcano"),
        ("tomatoes", "tomato"),
        ("echoes", "echo"),
        ("photos", "photo"),
        ("toes", "toe"),
        ("snowshoes", "snowshoe"),
        ("canoes", "canoe"),
        ("hypotheses", "hypothesis"),
        ("bodies", "body"),
        ("glasses", "glass"),
        ("virus", "virus"),
        ("nuclei", "nucleus"),
    ],
)
def test_the_singular_is_found_by_rule_or_by_heart(word: str, wanted: str) -> None:
    assert singular(word) == wanted
    assert singular(wanted) == wanted
