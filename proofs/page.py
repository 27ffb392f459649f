"""The page that keeps the last line of each proof in each mode."""

import json
import re
from pathlib import Path

from proofs.numbers import Line

PAGE = Path(__file__).parents[1] / "docs" / "proofs.md"
FENCE = re.compile(r"(?<=```json\n).*?(?=^```)", re.DOTALL | re.MULTILINE)


def write(lines: list[Line], page: Path = PAGE) -> None:
    """Puts the lines into the JSON block of the page, each in place of the one of its id, mode and size."""
    text = page.read_text()
    found = FENCE.search(text)
    if found is None:
        raise ValueError(f"{page.name} has no block of JSON lines to write to")
    kept = [line for line in found[0].splitlines() if line.strip()]
    told = {_key(line): line for line in [*kept, *(line.as_json() for line in lines)]}
    block = "".join(f"{told[key]}\n" for key in sorted(told))
    page.write_text(text[: found.start()] + block + text[found.end() :])


def _key(line: str) -> tuple[str, int, str, str]:
    told = json.loads(line)
    return told["id"][:1], int(told["id"][1:]), told["mode"], told.get("size", "")
