"""`python -m proofs [ID...]`: one line of JSON for each proof and mode; exit status 1 when one fails."""

import argparse
import itertools
import sys
import tempfile
from pathlib import Path

import structlog

from proofs import page, runner
from proofs.ground import Mode, Size
from proofs.registry import Proof, chosen
from proofs.stand import Stand

SEED = 20261121


def main() -> int:
    """Runs what was asked for; returns the exit status."""
    options = _options()
    # What the parts of a proof log; standard output is for the lines alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    modes = list(Mode) if options.mode == "both" else [Mode(options.mode)]
    size = Size.SHORT if options.short else Size.LONG
    lines = []
    with (
        tempfile.TemporaryDirectory(prefix="mootion-ground-") as folder,
        Stand(Path(folder), with_elasticsearch=options.elasticsearch) as stand,
    ):
        for proof, mode in itertools.product(options.proofs, modes):
            _say(proof, mode)
            lines.append(runner.run(proof, mode, options.seed, size, stand))
            print(lines[-1].as_json(), flush=True)
    if options.write:
        page.write(lines)
    return int(any(line.broken for line in lines))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="such as R1 R13; all where none is given")
    parser.add_argument("--mode", choices=[*Mode, "both"], default="both", help="which stores (both)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"fixes the schedule ({SEED})")
    parser.add_argument("--short", action="store_true", help="seconds instead of minutes, as in make test")
    parser.add_argument(
        "--elasticsearch",
        action="store_true",
        help="the full mode has its index on Elasticsearch, where the test node can be made (Maven, JDK 21)",
    )
    parser.add_argument("--write", action="store_true", help="put the lines into docs/proofs.md")
    options = parser.parse_args()
    try:
        options.proofs = chosen(options.ids)
    except KeyError as unknown:
        parser.error(f"there is no proof {unknown.args[0]}")
    return options


def _say(proof: Proof, mode: Mode) -> None:
    sentence, _ = proof.load()
    sys.stderr.write(f"{proof.id} {mode}: {sentence}\n")


if __name__ == "__main__":
    raise SystemExit(main())
