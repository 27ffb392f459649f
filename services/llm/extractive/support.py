"""How well sentences support a text: shared words, each weighed by how much it tells."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import log

from services.llm.extractive.analysis import Analysis
from services.llm.extractive.tokens import Token

# Words commoner than this on the Zipf scale tell the least.
_COMMONEST = 7.0
_LEAST_TELLING = 0.3


class Support:
    """Weighs words by their rarity in the passages and in the language, and measures what sentences cover.

    The weight of a stem is its inverse sentence frequency times how far it lies below the commonest words.
    """

    def __init__(self, analysis: Analysis, texts: Iterable[Sequence[Token]]) -> None:
        self._analysis = analysis
        self.stems = tuple(frozenset(sentence.stems) for sentence in analysis.sentences)
        self.weights = self._weigh(texts)

    def _weigh(self, texts: Iterable[Sequence[Token]]) -> Mapping[str, float]:
        count = len(self._analysis.sentences)
        weights: dict[str, float] = {}
        for tokens in texts:
            for token in tokens:
                frequency = len(self._analysis.sentences_with.get(token.stem, ()))
                rarity = max(_LEAST_TELLING, (_COMMONEST - token.zipf) / 3)
                weights[token.stem] = log(1 + count / (frequency + 0.5)) * rarity
        return weights

    def coverage(self, part: Collection[str], whole: Collection[str]) -> float:
        """The share of the weight of `part` whose stems are in `whole`, 0 to 1; 0 for an empty part."""
        total = sum(self.weights.get(stem, 1.0) for stem in sorted(part))
        found = sum(self.weights.get(stem, 1.0) for stem in sorted(part) if stem in whole)
        return found / total if total else 0.0

    def window(self, sentence: int, before: int, after: int) -> frozenset[str]:
        """The stems of a sentence and its neighbours in the same passage."""
        passage = self._analysis.sentences[sentence].passage
        first, end = self._analysis.sentence_ranges[passage]
        around = self.stems[max(first, sentence - before) : min(end, sentence + after + 1)]
        return frozenset().union(*around)
