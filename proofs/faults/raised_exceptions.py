"""Systems whose handlers fail when a call asks for it."""

import os
from pathlib import Path

RAISING = Path(__file__).with_name("raising")
# As `raising/sitecustomize.py` has them, which cannot be imported: importing it changes the process.
HEADER = "x-proof-raise"
KINDS = (
    "runtime",
    "chained",
    "group",
    "noted",
    "statement",
    "file",
    "key",
    "unicode",
    "unprintable",
    "environment",
    "timeout",
    "cancelled",
    "memory",
    "recursion",
    "assertion",
    "stopped",
)


def variables(canary: str) -> dict[str, str]:
    """The environment of a system whose exceptions are to carry a text."""
    path = os.pathsep.join(filter(None, [str(RAISING), os.environ.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": path, "PROOFS_RAISED_CANARY": canary}
