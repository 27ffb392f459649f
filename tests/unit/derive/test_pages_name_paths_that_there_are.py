"""README.md and docs/: every path of the API that they name is one, with the verb that they name."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DERIVED = {"permissions.md"}
PAGES = [ROOT / "README.md", *(page for page in sorted(ROOT.glob("docs/*.md")) if page.name not in DERIVED)]
PATHS = json.loads((ROOT / "gateway" / "openapi.json").read_text())["paths"]
NAMED = re.compile(r"(?:(GET|POST|PATCH|PUT|DELETE) )?(?:localhost:8080)?(?<![a-z])(/v1/[\w./:$%{}-]*[\w}])")
TEMPLATES = {re.compile(re.sub(r"\{[^}]+\}", "[^/:]+", path)): verbs for path, verbs in PATHS.items()}


def verbs_of(path: str) -> set[str]:
    """What a path answers; nothing where it is none."""
    return {verb.upper() for form, verbs in TEMPLATES.items() if form.fullmatch(path) for verb in verbs}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_paths_that_there_are(page: Path) -> None:
    named = NAMED.findall(page.read_text())
    assert [path for _, path in named if not verbs_of(path)] == []
    assert [(verb, path) for verb, path in named if verb and verb not in verbs_of(path)] == []


def test_pages_name_paths_at_all() -> None:
    assert sum(len(NAMED.findall(page.read_text())) for page in PAGES) > 30
