"""How likely a phrase is a concept of its document: specific, central, well spread, and defined there.

A logistic model over the evidence of `candidates`. Its weights were fitted, strongly regularised, to the key
terms of labelled textbook chapters of three subjects and checked on chapters left out of the fit; it knows
no word.
"""

from collections.abc import Mapping, Sequence
from math import exp, log
from types import MappingProxyType

from services.llm.extractive.analysis import Analysis
from services.llm.extractive.candidates import Candidate
from services.llm.extractive.term_marks import Pattern
from services.llm.extractive.tokens import Token

# What each piece of evidence adds to the log odds. `emphasized`, `mark label` and `name` are judgements, for want of
# labelled documents with bold terms, glossary lines and many people. `best mark` and `defined first` are set above
# what the fit gave (1.0 and 0.6), `bias` below: a concept that the document defines can be described by a quote.
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "bias": -4.2,
        "mark copula": 1.26,
        "mark meaning": 1.79,
        "mark apposition": -0.32,
        "mark synonym": 0.41,
        "mark outcome": 2.71,
        "mark label": 0.2,
        "marks": 0.78,
        "mark share": -0.59,
        "defined first": 1.6,
        "best mark": 2.5,
        "unmarked": -0.46,
        "count": 0.36,
        "once": -0.63,
        "nested": -0.26,
        "spread": 2.17,
        "sections": 0.04,
        "one word": -0.52,
        "rarest": -0.16,
        "commonest": -0.12,
        "one word common": -0.5,
        "name": -1.2,
        "rare and marked": 0.34,
        "rare and named": 0.4,
        "common and marked": -0.65,
        "participle first": 0.52,
        "heading": 1.37,
        "objectives": 0.17,
        "emphasized": 1.5,
    }
)

# Words rarer than this on the Zipf scale are terms of art more often than not; from the other on, everyday
# words.
_RARE, _EVERYDAY = 3.5, 4.0
# A mark at least this strong counts as a definition.
_DEFINES = 0.6
# How many sentences after its first mention a definition still comes with it.
_AT_FIRST = 2


class Judge:
    """Judges the candidates of one analysis."""

    def __init__(self, analysis: Analysis, candidates: Mapping[str, Candidate]) -> None:
        self._analysis = analysis
        self._candidates = candidates
        self._sections = max(1, len(set(analysis.section_of)))
        self._longer = self._count_longer()

    def ranked(self, least: float) -> list[tuple[str, float]]:
        """Keys and probabilities of the candidates with at least probability `least`, most likely first."""
        judged = [(key, probability(self.features(found))) for key, found in self._candidates.items()]
        kept = [(key, value) for key, value in judged if value >= least]
        return sorted(kept, key=lambda pair: (-round(pair[1], 9), pair[0]))

    def features(self, candidate: Candidate) -> dict[str, float]:
        """The evidence for one candidate as numbers, named as in `WEIGHTS`."""
        return {
            "bias": 1.0,
            **self._mark_features(candidate),
            **self._use_features(candidate),
            **self._word_features(candidate),
            "heading": float(candidate.is_heading),
            "objectives": min(3.0, float(candidate.in_objectives)),
            "emphasized": float(candidate.emphasized > 0),
        }

    def _count_longer(self) -> dict[str, int]:
        """The most occurrences of any candidate that has one word more at either end."""
        longer: dict[str, int] = {}
        for key, candidate in self._candidates.items():
            words = key.split(" ")
            for part in (words[1:], words[:-1]):
                shorter = " ".join(part)
                longer[shorter] = max(longer.get(shorter, 0), candidate.count)
        return longer

    @staticmethod
    def _mark_features(candidate: Candidate) -> dict[str, float]:
        found = {f"mark {pattern.value}": 0.0 for pattern in Pattern}
        for mark in candidate.marks:
            name = f"mark {mark.pattern.value}"
            found[name] = max(found[name], mark.strength)
        first = min((index for index, _, _ in candidate.mentions), default=0)
        at_first = [mark.strength for mark in candidate.marks if mark.sentence <= first + _AT_FIRST]
        return {
            **found,
            "marks": log(1 + sum(mark.strength >= _DEFINES for mark in candidate.marks)),
            "mark share": min(1.0, sum(mark.strength for mark in candidate.marks) / max(1, candidate.count)),
            "defined first": max(at_first, default=0.0),
            "best mark": _best(candidate),
            "unmarked": float(not candidate.marks),
        }

    def _use_features(self, candidate: Candidate) -> dict[str, float]:
        count = max(1, candidate.count)
        return {
            "count": log(count),
            "once": float(count == 1),
            "nested": min(1.0, self._longer.get(candidate.key, 0) / count),
            "spread": len(candidate.sections) / self._sections,
            "sections": log(1 + len(candidate.sections)),
        }

    def _word_features(self, candidate: Candidate) -> dict[str, float]:
        tokens = self._tokens(candidate)
        zipfs = [token.zipf for token in tokens if not token.is_stop] or [5.0]
        alone = float(candidate.word_count == 1)
        rare, everyday = max(0.0, _RARE - min(zipfs)) * alone, max(0.0, max(zipfs) - _EVERYDAY) * alone
        return {
            "one word": alone,
            "rarest": min(zipfs),
            "commonest": max(zipfs),
            "one word common": everyday,
            "name": self._name_share(candidate),
            "rare and marked": rare * _best(candidate),
            "rare and named": rare * _best(candidate, Pattern.NAMED),
            "common and marked": everyday * _best(candidate),
            "participle first": float(alone == 0 and bool(tokens) and tokens[0].tag in ("ED", "ING")),
        }

    def _tokens(self, candidate: Candidate) -> Sequence[Token]:
        if not candidate.mentions:
            return ()
        sentence, first, end = candidate.mentions[0]
        return self._analysis.sentences[sentence].tokens[first:end]

    def _name_share(self, candidate: Candidate) -> float:
        """Share of the mentions inside sentences that are capitalised throughout: people and places."""
        inside = [
            self._analysis.sentences[index].tokens[first:end]
            for index, first, end in candidate.mentions
            if first > 0 and self._analysis.sentences[index].tokens[first - 1].is_word
        ]
        capital = sum(all(_is_capitalised(token) for token in words) for words in inside)
        return capital / len(inside) if inside else 0.0


def probability(features: Mapping[str, float]) -> float:
    """The logistic model: the probability, 0 to 1, that a candidate with this evidence is a concept."""
    total = sum(value * WEIGHTS.get(name, 0.0) for name, value in features.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


def _best(candidate: Candidate, pattern: Pattern | None = None) -> float:
    """The strongest mark, of one pattern or of any."""
    found = (m.strength for m in candidate.marks if pattern is None or m.pattern is pattern)
    return max(found, default=0.0)


def _is_capitalised(token: Token) -> bool:
    return token.surface[:1].isupper() and token.surface[1:2].islower()
