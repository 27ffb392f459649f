"""docs/security.md: every test and proof that it names exists, and no requirement is both met and not."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
REQUIREMENT = re.compile(r"V(?:1[0-7]|[1-9])\.\d{1,2}\.\d{1,2}")


def section(heading: str) -> str:
    return PAGE.split(f"### {heading}\n")[1].split("\n### ")[0]


def ids(text: str) -> list[str]:
    """Requirements in the first column of a table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| V")]
    return [found for row in rows for found in REQUIREMENT.findall(row)]


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:tests|proofs|workers|protos|mesh)/[A-Za-z0-9_./*-]+)`", PAGE))
    assert len(named) > 30
    missing = {name for name in named if not any(ROOT.glob(name.rstrip("/")))}
    assert missing == set()


def test_a_requirement_is_in_one_row_only() -> None:
    met, open_ones = ids(section("Met")), ids(section("Not met, or in part"))
    assert len(met) > 100 and open_ones
    assert len({*met, *open_ones}) == len(met) + len(open_ones)


def test_what_is_met_says_how_it_is_tested() -> None:
    rows = [line for line in section("Met").splitlines() if line.startswith("| V")]
    untested = [row for row in rows if not re.search(r"\| [^|]*(`[^`]+`|no test of its own)[^|]*\|$", row)]
    assert untested == []
