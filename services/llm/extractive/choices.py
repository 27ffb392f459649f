"""Choosing among given options by what passages say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mootion.document.v1.document_pb2 import Citation
from mootion.llm.v1.llm_service_pb2 import ChooseOptionRequest

from services.llm.extractive.analysis import Analysis, analyse
from services.llm.extractive.phrases import key_of
from services.llm.extractive.question_forms import Question, read_question
from services.llm.extractive.support import Support
from services.llm.extractive.term_marks import TermMark
from services.llm.extractive.terms import marks_by_key

_ALL_OF_THEM = re.compile(
    r"\b(?:all|both|each) of (?:the|these)\b|\ball are\b|\bboth \(?[a-e]\)? and \(?[a-e]\)?", re.I
)
_NONE_OF_THEM = re.compile(r"\bnone of (?:the|these)\b|\bneither\b|\bnot enough information\b", re.I)
_DENIAL = re.compile(
    r"\b(?:not|no|never|neither|nor|none|without|lacks?|lacking|cannot|absen(?:t|ce))\b|n['’]t\b",
    re.IGNORECASE,
)
# What is left of the support of an option that affirms what the text denies, or the reverse.
_SPOKEN_OTHERWISE = 0.7
# The share of the best support that every option needs for `all of the above`, and for one that joins the
# others.
_ALL_SUPPORTED, _JOINT_SUPPORTED = 0.6, 0.4
# From here on an option is supported by itself.
_SUPPORTED = 1.0
# The least support of the best option; below it, `none of the above` is chosen where it is offered.
_UNSUPPORTED = 0.25
# An option is spoken of where this share of its words is.
_SPOKEN_OF = 0.5
_MOST_CITATIONS = 2
_NEXT_PASSAGE = 0.97
# Passages further down the list say more by chance than by meaning.
_READ_PASSAGES = 10
# Within a sentence, a word this many tokens away from the option counts for half.
_FALLING = 3
_ADJACENT = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The option chosen, counted from 0, how sure that is (0 to 1), and the quotes that support it."""

    option_index: int
    confidence: float
    citations: tuple[Citation, ...]


def choose_option(request: ChooseOptionRequest) -> Choice:
    """The option that the passages support best, or least where the question asks what does not hold.

    The first ten passages are read. `All of the above` and an option that joins several others are chosen
    where each of those has support. Without passages the first option is returned with confidence 0.
    """
    analysis = analyse(request.passages[:_READ_PASSAGES], request.language)
    options = [_Option(analysis, text) for text in request.options]
    question = read_question(analysis, request.question)
    judge = _Judge(analysis, question, options)
    scores = [judge.support(option) for option in options]
    index = _pick(options, scores, question.negated)
    return Choice(index, _confidence(scores, index, question.negated), judge.citations(options[index]))


class _Option:
    """An option with the words that tell it from the others."""

    def __init__(self, analysis: Analysis, text: str) -> None:
        tokens = [token for token in analysis.tokens_of(text) if token.is_word or token.tag == "NUM"]
        self.tokens = tuple(token for token in tokens if not token.is_stop) or tuple(tokens)
        # Whether it denies is judged by itself: no sentence need use the same word for it.
        affirmed = [token for token in self.tokens if not _DENIAL.fullmatch(token.lower)]
        self.stems = frozenset(token.stem for token in affirmed or self.tokens)
        named = tokens[1:] if tokens and tokens[0].lower in ("a", "an", "the") else tokens
        self.key = key_of(named)
        self.denies = bool(_DENIAL.search(text))
        self.means_all = bool(_ALL_OF_THEM.search(text))
        self.means_none = bool(_NONE_OF_THEM.search(text))


class _Judge:
    """Measures how well passages support each option as the answer to one question."""

    def __init__(self, analysis: Analysis, question: Question, options: Sequence[_Option]) -> None:
        self._analysis = analysis
        self._asked = question.stems
        self._support = Support(analysis, [question.content, *(option.tokens for option in options)])
        self._shared = frozenset.intersection(*(option.stems for option in options))
        plain = [option for option in options if not (option.means_all or option.means_none)]
        self._polar = len({option.denies for option in plain}) > 1
        self._marks = marks_by_key(analysis)
        self._windows = [self._support.window(index, 0, 1) for index in range(len(analysis.sentences))]

    def support(self, option: _Option) -> float:
        """The sum of five kinds of evidence, each 0 to 1; less where the text speaks otherwise.

        What the text denies and an option affirms is looked at where some options deny and some affirm.
        """
        own = self._own(option)
        contrary = self._polar and self._speaks_otherwise(option)
        evidence = (self._together(own), self._near(own), self._defined(option), self._stated(option.stems))
        total = sum(evidence) + _ADJACENT * self._adjacent(own)
        return _SPOKEN_OTHERWISE * total if contrary else total

    def citations(self, option: _Option) -> tuple[Citation, ...]:
        """The sentences that speak most of the question and the option together."""
        own = self._own(option)
        scored = [
            (self._support.coverage(self._asked, stems) * self._support.coverage(own, stems), -index)
            for index, stems in enumerate(self._support.stems)
        ]
        best = sorted((pair for pair in scored if pair[0] > 0), reverse=True)[:_MOST_CITATIONS]
        return tuple(self._analysis.citation(self._analysis.sentences[-index]) for _, index in best)

    def _own(self, option: _Option) -> frozenset[str]:
        return (option.stems - self._shared - self._asked) or option.stems

    def _speaks_otherwise(self, option: _Option) -> bool:
        """Whether the sentence nearest to question and option denies what the option affirms, or the reverse."""
        said, cover = self._asked | option.stems, self._support.coverage
        fitness = [cover(said, stems) * self._trust(i) for i, stems in enumerate(self._support.stems)]
        if not fitness:
            return False
        best = self._analysis.sentences[fitness.index(max(fitness))]
        return option.denies != bool(_DENIAL.search(best.text))

    def _together(self, own: frozenset[str]) -> float:
        """Question and option in two sentences on end."""
        cover = self._support.coverage
        found = (
            cover(self._asked, window) * cover(own, window) * self._trust(index)
            for index, window in enumerate(self._windows)
        )
        return max(found, default=0.0)

    def _trust(self, sentence: int) -> float:
        """Passages come most relevant first; each next one counts a little less."""
        return _NEXT_PASSAGE ** self._analysis.sentences[sentence].passage

    def _near(self, own: frozenset[str]) -> float:
        """How near each word of the question stands to a sentence that speaks of the option."""
        cover = self._support.coverage
        spoken = [i for i, stems in enumerate(self._support.stems) if cover(own, stems) > _SPOKEN_OF]
        reached = {stem: self._nearness(stem, spoken) * self._support.weights[stem] for stem in self._asked}
        total = sum(self._support.weights[stem] for stem in sorted(self._asked))
        return sum(reached[stem] for stem in sorted(reached)) / total if total else 0.0

    def _adjacent(self, own: frozenset[str]) -> float:
        """How close, within one sentence, the words of the question stand to the option."""
        spoken = (i for i, stems in enumerate(self._support.stems) if own and own <= stems)
        return max((self._closeness(i, own) * self._trust(i) for i in spoken), default=0.0)

    def _closeness(self, sentence: int, own: frozenset[str]) -> float:
        tokens = self._analysis.sentences[sentence].tokens
        places = [i for i, token in enumerate(tokens) if token.stem in own]
        close: dict[str, float] = {}
        for i, token in enumerate(tokens):
            if token.stem in self._asked:
                distance = min(abs(i - place) for place in places)
                close[token.stem] = max(close.get(token.stem, 0.0), _FALLING / (_FALLING + distance))
        total = sum(self._support.weights[stem] for stem in sorted(self._asked))
        return (
            sum(self._support.weights[stem] * close[stem] for stem in sorted(close)) / total if total else 0.0
        )

    def _nearness(self, stem: str, spoken: Sequence[int]) -> float:
        nearest = min(
            (abs(i - j) for i in spoken for j in range(max(0, i - 2), min(len(self._support.stems), i + 3))
             if stem in self._support.stems[j]),
            default=None,
        )  # fmt: skip
        return 0.0 if nearest is None else 1 / (1 + nearest)

    def _defined(self, option: _Option) -> float:
        """How much of the question stands in a definition of the option."""
        marks = (mark for key, found in self._marks.items() if _names(key, option.key) for mark in found)
        return max((self._definition_support(mark) for mark in marks), default=0.0)

    def _definition_support(self, mark: TermMark) -> float:
        covered = self._support.coverage(self._asked, self._windows[mark.sentence])
        return mark.strength * covered * self._trust(mark.sentence)

    def _stated(self, stems: frozenset[str]) -> float:
        """How much of question and option together stands in three sentences on end."""
        said = self._asked | stems
        found = (
            self._support.coverage(said, self._support.window(index, 1, 1)) * self._trust(index)
            for index in range(len(self._windows))
        )
        return max(found, default=0.0)


def _names(key: str, option: str) -> bool:
    return bool(option) and (key == option or key.endswith(" " + option) or option.endswith(" " + key))


def _pick(options: Sequence[_Option], scores: Sequence[float], negated: bool) -> int:
    """The best option by the rules of `choose_option`; of equals the first."""
    joins = [i for i, option in enumerate(options) if _joins(option, options)]
    joint = joins + [i for i, option in enumerate(options) if option.means_all and i not in joins]
    none = [i for i, option in enumerate(options) if option.means_none]
    plain = [i for i in range(len(options)) if i not in joint and i not in none] or list(range(len(options)))
    if negated:
        return min(plain, key=lambda i: (scores[i], i))
    best = max(plain, key=lambda i: (scores[i], -i))
    if none and scores[best] < _UNSUPPORTED:
        return none[0]
    needed = (_JOINT_SUPPORTED if joins else _ALL_SUPPORTED) * scores[best]
    if joint and min(scores[i] for i in plain) >= max(needed, _SUPPORTED):
        return joint[0]
    return best


def _joins(option: _Option, options: Sequence[_Option]) -> bool:
    """Whether an option is made of at least two of the others: `copper, zinc, and iron`."""
    if option.means_none:
        return False
    parts = [other for other in options if other is not option and other.stems and other.stems < option.stems]
    return len(parts) >= 2


def _confidence(scores: Sequence[float], index: int, negated: bool) -> float:
    """How far the chosen option stands out: its lead over the mean, as a share of the best score."""
    top = max(scores, default=0.0)
    if top <= 0:
        return 0.0
    mean = sum(scores) / len(scores)
    lead = (mean - scores[index]) if negated else (scores[index] - mean)
    return round(min(1.0, max(0.05, lead / top)), 4)
