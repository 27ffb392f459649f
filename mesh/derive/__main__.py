"""Commands on the contracts, run in the root of the project.

python -m mesh.derive gen     writes everything derived, the stubs apart (python -m mesh.derive.stubs)
python -m mesh.derive lint    our own rules over the contracts
python -m mesh.derive check   everything that make check looks at
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mesh.derive import check, generated, stubs
from mesh.derive.contracts import ContractError


def gen(root: Path) -> int:
    """Writes what differs."""
    try:
        for name in stubs.write(root, generated.files(root)):
            print(f"wrote {name}")
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def report(outcomes: Sequence[check.Outcome]) -> int:
    """Says what each check found; 1 where any found something."""
    for outcome in outcomes:
        if outcome.skipped:
            print(f"skipped  {outcome.name}: {outcome.skipped}")
        else:
            print(f"{'FAILED' if outcome.findings else 'ok':8} {outcome.name}")
        for finding in outcome.findings:
            print(f"         {finding}")
    return int(any(outcome.findings for outcome in outcomes))


def main() -> None:
    """Runs the command named by the only argument."""
    root, command = Path.cwd(), sys.argv[1:]
    if command == ["gen"]:
        sys.exit(gen(root))
    if command == ["lint"]:
        sys.exit(report(check.run(root, [check.linter])))
    if command == ["check"]:
        sys.exit(report(check.run(root, check.ALL_CHECKS)))
    sys.exit(__doc__)


if __name__ == "__main__":
    main()
