"""`make check`: everything that must hold of the contracts and of what is derived from them."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mesh.derive import generated, inventory
from mesh.derive.access import loosened
from mesh.derive.contracts import ContractError, Contracts, buf_program, build_image, parse
from mesh.derive.linter import lint
from mesh.derive.stubs import StubsError

HAND_WRITTEN = ("mesh", "services", "workers", "gateway", "cli", "bench", "ground", "proofs")
_BASES = ("main", "origin/main")


@dataclass(frozen=True)
class Outcome:
    """What one check found. `skipped` says why it could not run."""

    name: str
    findings: Sequence[str] = field(default_factory=tuple)
    skipped: str = ""


Check = Callable[[Path], Outcome]


def run(root: Path, checks: Sequence[Check]) -> list[Outcome]:
    """All checks, one after another; contracts that cannot be read are a finding of the check that needs them."""
    return [_guarded(check, root) for check in checks]


def _guarded(check: Check, root: Path) -> Outcome:
    try:
        return check(root)
    except (ContractError, StubsError) as error:
        return Outcome(check.__name__, [str(error)])


def buf_lint(root: Path) -> Outcome:
    """The rules of buf."""
    return _command("buf lint", [str(buf_program()), "lint"], root)


def buf_format(root: Path) -> Outcome:
    """The contracts are formatted."""
    return _command("buf format", [str(buf_program()), "format", "-d", "--exit-code"], root)


def buf_breaking(root: Path) -> Outcome:
    """Nothing breaks callers of the contracts on the main branch."""
    base, reason = base_of(root)
    if base is None:
        return Outcome("buf breaking", skipped=reason)
    return _command("buf breaking", [str(buf_program()), "breaking", "--against", f".git#ref={base}"], root)


def access(root: Path) -> Outcome:
    """Nothing may be called by more than on the main branch."""
    base, reason = base_of(root)
    if base is None:
        return Outcome("loosened access", skipped=reason)
    before = parse(build_image(f".git#ref={base}", root=root))
    return Outcome("loosened access", loosened(before, _contracts(root)))


def linter(root: Path) -> Outcome:
    """Our own rules."""
    return Outcome("contract linter", lint(_contracts(root)))


def closed_list(root: Path) -> Outcome:
    """Contracts, services and edge name the same services."""
    return Outcome("closed list of services", inventory.differences(_contracts(root), root))


def stale_files(root: Path) -> Outcome:
    """What is derived is what is checked in."""
    return Outcome("generated files", generated.stale(root))


def ruff(root: Path) -> Outcome:
    """Style of the hand-written code."""
    return _command("ruff", [sys.executable, "-m", "ruff", "check", "--quiet", "."], root)


def mypy(root: Path) -> Outcome:
    """Types of the hand-written code."""
    packages = [name for name in HAND_WRITTEN if (root / name).is_dir()]
    return _command("mypy", [sys.executable, "-m", "mypy", "--no-error-summary", *packages], root)


CONTRACT_CHECKS: tuple[Check, ...] = (
    buf_lint,
    buf_format,
    buf_breaking,
    access,
    linter,
    closed_list,
    stale_files,
)
ALL_CHECKS: tuple[Check, ...] = (*CONTRACT_CHECKS, ruff, mypy)


def base_of(root: Path) -> tuple[str | None, str]:
    """The git reference to compare with, or None and the reason."""
    for base in _BASES:
        if _git(root, "rev-parse", "--verify", "--quiet", base):
            if _git(root, "ls-tree", base, "buf.yaml", "protos/mootion"):
                return base, ""
            return None, f"{base} has no contracts yet"
    return None, "there is no branch main to compare with"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _contracts(root: Path) -> Contracts:
    return parse(build_image(".", root=root))


def _command(name: str, command: Sequence[str], root: Path) -> Outcome:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    output = (done.stdout + done.stderr).strip().splitlines()
    return Outcome(name, (output or [f"{name} failed"]) if done.returncode != 0 else ())
