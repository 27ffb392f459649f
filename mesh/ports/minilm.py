"""The forward pass of MiniLM (Wang et al. 2020): a BERT encoder of six layers, its outputs averaged over the text."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import erf

DIMENSIONS = 384
LAYERS, HEADS = 6, 12
# By the model's own configuration (`layer_norm_eps`).
NORM_EPSILON = 1e-12

Array = npt.NDArray[np.float32]


class MiniLmNetwork:
    """The weights in memory, and what they make of token numbers."""

    def __init__(self, path: Path) -> None:
        self._weights = read_safetensors(path)

    def vector(self, tokens: Sequence[int]) -> Array:
        """The unit vector of a text of 1 to 512 tokens, its opening and closing ones among them."""
        state = self._embedded(tokens)
        for layer in range(LAYERS):
            state = self._layer(state, f"encoder.layer.{layer}")
        mean: Array = state.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _embedded(self, tokens: Sequence[int]) -> Array:
        words = self._weights["embeddings.word_embeddings.weight"][np.asarray(tokens)]
        places = self._weights["embeddings.position_embeddings.weight"][: len(tokens)]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm(words + places + kind, "embeddings.LayerNorm")

    def _layer(self, state: Array, name: str) -> Array:
        attended = self._dense(
            self._attended(state, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        state = self._norm(state + attended, f"{name}.attention.output.LayerNorm")
        wide = self._dense(state, f"{name}.intermediate.dense")
        # GELU by the error function (Hendrycks and Gimpel 2016).
        bent = 0.5 * wide * (1 + erf(wide / np.float32(np.sqrt(2))))
        return self._norm(state + self._dense(bent, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attended(self, state: Array, name: str) -> Array:
        """Scaled dot-product attention over all heads (Vaswani et al. 2017)."""
        query, key, value = (self._heads(state, f"{name}.{part}") for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(DIMENSIONS // HEADS))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return np.asarray((shares @ value).transpose(1, 0, 2).reshape(state.shape), dtype=np.float32)

    def _heads(self, state: Array, name: str) -> Array:
        return self._dense(state, name).reshape(len(state), HEADS, -1).transpose(1, 0, 2)

    def _dense(self, state: Array, name: str) -> Array:
        result: Array = state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _norm(self, state: Array, name: str) -> Array:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(NORM_EPSILON))
        result: Array = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def read_safetensors(path: Path) -> dict[str, Array]:
    """The 32-bit arrays of a file in the safetensors format: header length, JSON header, then the numbers."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    found: dict[str, Array] = {}
    for name, told in header.items():
        if name != "__metadata__" and told["dtype"] == "F32":
            begin, end = told["data_offsets"]
            numbers = np.frombuffer(content, "<f4", (end - begin) // 4, start + begin)
            found[name] = numbers.reshape(told["shape"])
    return found
