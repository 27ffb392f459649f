"""Worked examples of a document: a problem, how it is worked out, and what comes out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.questions.wording import cleaned, word_count

MOST_STEPS = 4
LONGEST_PROBLEM_WORDS = 60
LONGEST_STEP = 90

_HEADING = re.compile(
    r"^(?:worked |solved |sample )?(?:example|problem|exercise)s?\b[\s\d.]*:?\s*(?P<title>.*)$", re.IGNORECASE
)
_ASKS = re.compile(
    r"^(?:find|calculate|compute|determine|work out|solve|what|how|estimate|show)\b|\?$", re.IGNORECASE
)
_SOLUTION = re.compile(r"^(?:solution|answer)s?\b[\s:.]*", re.IGNORECASE)
_EQUATION = re.compile(
    r"(?<![\w=(])(?P<left>[A-Za-zΑ-Ωα-ωµ][₀-₉0-9]?[′']?) = "
    r"(?P<right>(?:[^=,;]|(?<=\d),(?=\d))+(?: = (?:[^=,;]|(?<=\d),(?=\d))+)*?)"
    r"(?=[,;]\s|\.\s|\.$|$| and | or | which | if )"
)
_VALUE = re.compile(r"^[-−]?\d")


@dataclass(frozen=True, slots=True)
class Step:
    """An equation of the solution: its left side, the whole of it, and the value it comes to, else empty."""

    symbol: str
    text: str
    value: str


@dataclass(frozen=True, slots=True)
class Case:
    """A worked example. `title` says what it is about and may be empty."""

    title: str
    problem: tuple[Sentence, ...]
    steps: tuple[Step, ...]
    solution: tuple[Sentence, ...]


def cases(analysis: Analysis) -> Iterator[Case]:
    """All worked examples that end with a number, in document order, one for each section of that name."""
    for section in analysis.sections:
        heading = _HEADING.match(section.title)
        if heading is None:
            continue
        sentences = [s for passage in section.passages for s in analysis.sentences_of(passage)]
        problem, solution = _parted(sentences)
        steps = [step for sentence in solution for step in _steps(sentence)][:MOST_STEPS]
        words = sum(word_count(sentence.text) for sentence in problem)
        if problem and words <= LONGEST_PROBLEM_WORDS and any(step.value for step in steps):
            used = tuple(s for s in solution if any(step in steps for step in _steps(s)))
            yield Case(heading["title"].strip(), tuple(problem), tuple(steps), used)


def _parted(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """Where the solution begins: at its heading, behind what asks for something, else at the first equation."""
    for i, sentence in enumerate(sentences):
        if i and _SOLUTION.match(sentence.text):
            return list(sentences[:i]), list(sentences[i:])
    asking = [i for i, s in enumerate(sentences[:5]) if _ASKS.search(s.text) and not list(_steps(s))]
    computing = [i for i, s in enumerate(sentences) if list(_steps(s))]
    cut = asking[-1] + 1 if asking else computing[0] if computing else 0
    return list(sentences[:cut]), list(sentences[cut:])


def _steps(sentence: Sentence) -> Iterator[Step]:
    """The equations of a sentence that are more than a given value."""
    for match in _EQUATION.finditer(cleaned(sentence.text)):
        sides = [side.strip(" .") for side in match["right"].split(" = ")]
        is_given = len(sides) == 1 and _VALUE.match(sides[0])
        text = " = ".join((match["left"], *sides))
        if not is_given and len(text) <= LONGEST_STEP:
            yield Step(match["left"], text, sides[-1] if _VALUE.match(sides[-1]) else "")
