"""How well each sentence answers a question of a given form."""

import re
from collections.abc import Mapping, Sequence
from math import exp
from types import MappingProxyType

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.phrases import key_of
from services.llm.extractive.question_forms import Question, QuestionForm
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.support import Support
from services.llm.extractive.terms import marks_by_key

_SIGNS: dict[QuestionForm, re.Pattern[str]] = {
    QuestionForm.CAUSE: re.compile(
        r"\b(because|since|due to|caus\w+|result\w*|leads? to|therefore|thus|so that|in order to|reason\w*|allow\w*"
        r"|weil|parce que|porque)\b", re.I),
    QuestionForm.COMPARISON: re.compile(
        r"\b(than|whereas|while|unlike|in contrast|both|differ\w*|however|but|similar\w*|compared|als|que)\b", re.I),
    QuestionForm.LIST: re.compile(
        r":|\b(include\w*|such as|namely|types?|kinds?|groups?|three|four|five|six|two)\b", re.I),
    QuestionForm.NUMBER: re.compile(
        r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million|billion|half)\b", re.I),
    QuestionForm.PROCEDURE: re.compile(
        r"\b(first|then|next|finally|after|before|when|steps?|by \w+ing|begins?|until|process)\b", re.I),
}  # fmt: skip
# A logistic model of whether the passages hold the answer, fitted to questions on textbook chapters, asked
# of their own chapter and of others.
CONFIDENCE_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"bias": -3.5, "sentence": 2.6, "around": 3.8, "defines": 2.2}
)
_LONGEST_NAME = 4
_SIGN_BONUS = 0.15
_DEFINITION_BONUS = 0.35
# What the neighbours of a sentence cover counts for less than what it covers itself.
_BESIDE = 0.35
# Lists, steps and reasons often name their subject in the sentence before.
_BESIDE_IN_LISTS = 0.55
_SPREAD_OUT = frozenset((QuestionForm.LIST, QuestionForm.PROCEDURE, QuestionForm.CAUSE, QuestionForm.NUMBER))
_ENUMERATION = re.compile(r"(?:[^,;]+[,;]){2,}\s*(?:and|or|und|et|y)\b|:\s*\w")
_NEXT_PASSAGE = 0.985
_LEAST_WORDS = 4
# `the wavelength of a wave` asks about two names.
_BETWEEN_NAMES = re.compile(r" (?:of|in|on|for|by|from|to|with|and|or)(?: (?:a|an|the))? ")


class Fitness:
    """Scores the sentences of an analysis as answers to one question."""

    def __init__(self, analysis: Analysis, question: Question, support: Support) -> None:
        self._analysis = analysis
        self._question = question
        self._support = support
        self._definitions = self._definition_strengths()

    def ranked(self) -> list[tuple[float, int]]:
        """Scores and numbers of the sentences that share a word with the question, best first."""
        scored = [(self._score(sentence), sentence.index) for sentence in self._analysis.sentences]
        return sorted(
            ((score, i) for score, i in scored if score > 0), key=lambda pair: (-round(pair[0], 9), pair[1])
        )

    def confidence(self, ranked: Sequence[tuple[float, int]]) -> float:
        """0 to 1: how much of what the question is about the best sentences and those around them speak of.

        A question for the meaning of a name counts for half where the passages do not hold the whole name.
        """
        if not ranked:
            return 0.0
        sure = max(self._sureness(index) for _, index in ranked[:3])
        return round(sure if self._names_what_it_asks() else sure / 2, 4)

    def _sureness(self, index: int) -> float:
        asked = self._question.stems
        evidence = {
            "bias": 1.0,
            "sentence": self._support.coverage(asked, self._support.stems[index]),
            "around": self._support.coverage(asked, self._support.window(index, 2, 2)),
            "defines": self._definitions.get(index, 0.0),
        }
        return 1 / (1 + exp(-sum(CONFIDENCE_WEIGHTS[name] * value for name, value in evidence.items())))

    def _names_what_it_asks(self) -> bool:
        if self._question.form is not QuestionForm.DEFINITION or len(self._question.content) > _LONGEST_NAME:
            return True
        said = [f" {key_of(sentence.tokens)} " for sentence in self._analysis.sentences]
        names = _BETWEEN_NAMES.split(self._question.focus)
        return all(any(f" {name} " in sentence for sentence in said) for name in names)

    def _score(self, sentence: Sentence) -> float:
        asked = self._question.stems
        alone = self._support.coverage(asked, self._support.stems[sentence.index])
        around = self._support.coverage(asked, self._support.window(sentence.index, 1, 1))
        if not around or len(sentence.tokens) < _LEAST_WORDS:
            return 0.0
        beside = _BESIDE_IN_LISTS if self._question.form in _SPREAD_OUT else _BESIDE
        covered = (1 - beside) * alone + beside * around
        bonus = self._definitions.get(sentence.index, 0.0) * self._definition_bonus() + self._sign(sentence)
        return covered * (1 + bonus) * _form_factor(sentence) * _NEXT_PASSAGE**sentence.passage

    def _definition_bonus(self) -> float:
        asks = self._question.form is QuestionForm.DEFINITION
        return _DEFINITION_BONUS * (1.0 if asks else 0.4)

    def _sign(self, sentence: Sentence) -> float:
        sign = _SIGNS.get(self._question.form)
        if self._question.form is QuestionForm.LIST and _ENUMERATION.search(sentence.text):
            return 3 * _SIGN_BONUS
        return _SIGN_BONUS if sign is not None and sign.search(sentence.text) else 0.0

    def _definition_strengths(self) -> dict[int, float]:
        """How strongly each sentence defines a phrase of the question."""
        asked = f" {self._question.focus} "
        strengths: dict[int, float] = {}
        for key, marks in marks_by_key(self._analysis).items():
            if f" {key} " not in asked:
                continue
            share = len(key) / max(1, len(asked) - 2)
            for mark in marks:
                value = mark.strength * share
                strengths[mark.sentence] = max(strengths.get(mark.sentence, 0.0), value)
        return strengths


def _form_factor(sentence: Sentence) -> float:
    """Statements answer; questions, exercises, objectives and fragments hardly do."""
    if sentence.is_objective:
        return 0.3
    if sentence.kind in (SentenceKind.STATEMENT, SentenceKind.LIST_ITEM):
        return 1.0
    return 0.7 if sentence.kind is SentenceKind.FRAGMENT else 0.4
