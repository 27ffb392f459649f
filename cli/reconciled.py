"""What a person or a script sees of a reconciliation."""

from typing import Any

from rich.console import Console
from rich.table import Table

from cli.reconcile import Outcome

MOST_SHOWN = 20


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything, with all keys of blobs that are missing."""
    index = outcome.index
    return {
        "index": {
            "compared": index.compared,
            "missing": index.missing,
            "extra": index.extra,
            "stale": index.stale,
        },
        "blobs": {
            findings.kind: {
                "checked": findings.checked,
                "orphans": len(findings.orphans),
                "orphanBytes": findings.orphan_bytes,
                "removed": findings.removed and bool(findings.orphans),
                "missing": list(findings.missing),
            }
            for findings in outcome.blobs
        },
    }


def print_outcome(out: Console, outcome: Outcome, dry_run: bool) -> None:
    """A line for the index and for each kind of blobs, and the blobs that are missing."""
    index = outcome.index
    done = "would be mended" if dry_run else "mended"
    table = Table("", "checked", "missing", "stale", "without owner", done, box=None)
    differing = index.missing + index.stale + index.extra
    row = (index.compared, index.missing, index.stale, index.extra, differing)
    table.add_row("index", *map(str, row))
    for findings in outcome.blobs:
        orphans = f"{len(findings.orphans)} ({findings.orphan_bytes / 1e6:.1f} MB)"
        mended = len(findings.orphans) if dry_run or findings.removed else 0
        table.add_row(
            findings.kind, str(findings.checked), str(len(findings.missing)), "", orphans, str(mended)
        )
    out.print(table)
    lost = [key for findings in outcome.blobs for key in findings.missing]
    for key in lost[:MOST_SHOWN]:
        out.print(f"Named by the database and gone: {key}", markup=False)
    if len(lost) > MOST_SHOWN:
        out.print(f"and {len(lost) - MOST_SHOWN} more; --json lists all")
