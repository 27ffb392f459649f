"""All proofs, by id."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from proofs.ground import Ground, Size
from proofs.numbers import Numbers

Prove = Callable[[Ground, int, Size], Awaitable[Numbers]]


@dataclass(frozen=True)
class Proof:
    """One proof: its id, such as R13, and the module that holds it, such as `r13_writers_killed`."""

    id: str
    module: str

    def load(self) -> tuple[str, Prove]:
        """The sentence it proves, which is the first line of its module, and the function that does."""
        module = import_module(f"proofs.{self.module}")
        prove: Prove = module.prove
        return (module.__doc__ or "").strip().splitlines()[0], prove


def all_proofs() -> list[Proof]:
    """The proofs of this package in the order of their ids."""
    stems = sorted(path.stem for path in Path(__file__).parent.glob("[rs][0-9][0-9]_*.py"))
    return [Proof(f"{stem[0].upper()}{int(stem[1:3])}", stem) for stem in stems]


def chosen(ids: list[str]) -> list[Proof]:
    """The proofs of the ids given, or all where there are none.

    Raises:
        KeyError: there is no proof of that id.
    """
    known = {proof.id: proof for proof in all_proofs()}
    return [known[name.upper()] for name in ids] if ids else list(known.values())
