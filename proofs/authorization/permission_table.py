"""Reads docs/permissions.md back: what it says of each method, to be compared with what was observed."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
_SECTION = re.compile(r"## (mootion\.\S+)")
_METHOD = re.compile(r"`(\w+)`")


@dataclass(frozen=True)
class Permission:
    """One row: the least role, such as `STUDENT`, and the workloads that may call."""

    least_role: str
    callers: frozenset[str]


def read(page: Path = PAGE) -> dict[str, Permission]:
    """The rows by the full name of their method."""
    found: dict[str, Permission] = {}
    service = ""
    for line in page.read_text().splitlines():
        section = _SECTION.match(line)
        if section:
            service = section[1]
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        name = _METHOD.match(cells[0])
        if service and line.startswith("|") and name:
            callers = frozenset(each.strip() for each in cells[3].split(","))
            found[f"{service}.{name[1]}"] = Permission(cells[2], callers)
    return found
