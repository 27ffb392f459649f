"""A proof is told in one line, and the page keeps the last line of each."""

import json
from pathlib import Path

import pytest

from proofs import page
from proofs.history import judge
from proofs.numbers import Line, Numbers
from proofs.registry import all_proofs, chosen

PAGE = "# Proofs\n\n```json\n```\n\nafter\n"


def line(name: str, **facts: object) -> Line:
    told: dict[str, object] = {
        "id": name,
        "mode": "embedded",
        "size": "long",
        "seed": 1,
        "seconds": 1.0,
    } | facts
    return Line(**told)  # type: ignore[arg-type]


def test_every_proof_has_a_sentence_and_an_id_of_its_own() -> None:
    proofs = all_proofs()
    assert len({proof.id for proof in proofs}) == len(proofs)
    assert all(proof.load()[0].endswith(".") for proof in proofs)


def test_an_unknown_proof_is_refused() -> None:
    with pytest.raises(KeyError):
        chosen(["R99"])


def test_a_skipped_proof_has_not_passed() -> None:
    told = json.loads(line("R4", skipped="no broker").as_json())
    assert (told["pass"], told["skipped"]) == (None, "no broker")


def test_one_sentence_that_does_not_hold_breaks_a_proof() -> None:
    numbers = Numbers(1)
    numbers.check(True, "fine")
    numbers.add_history(judge("a", "a", "a"))
    assert numbers.broken == []
    numbers.add_history(judge("a", "a", ""))
    assert len(numbers.broken) == 1


def test_the_page_keeps_the_last_line_of_each_proof_and_mode(tmp_path: Path) -> None:
    kept = tmp_path / "proofs.md"
    kept.write_text(PAGE)
    page.write([line("R13", n=1), line("R2", n=2)], kept)
    page.write([line("R13", n=3), line("R13", mode="full", n=4), line("S2", n=5)], kept)
    block = kept.read_text().split("```json\n")[1].split("```")[0]
    told = [json.loads(each) for each in block.splitlines()]
    assert [(each["id"], each["mode"], each["n"]) for each in told] == [
        ("R2", "embedded", 2),
        ("R13", "embedded", 3),
        ("R13", "full", 4),
        ("S2", "embedded", 5),
    ]
    assert kept.read_text().endswith("after\n")
