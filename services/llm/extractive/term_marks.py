"""The ways in which a text marks a phrase as one of its terms."""

from enum import Enum
from typing import NamedTuple


class Pattern(Enum):
    """How a sentence marks a term."""

    # `A delta is a fan of sediment that ...`
    COPULA = "copula"
    # `Validity refers to ...`, `thrombosis occurs when ...`
    MEANING = "meaning"
    # `... is called plasma`, `known as`, `referred to as`, `the term plasma`
    NAMED = "named"
    # `hemostasis, the process by which ...`
    APPOSITION = "apposition"
    # `hemopoiesis, or hematopoiesis`: another name beside a name
    SYNONYM = "synonym"
    # `Bias: a tendency to ...` at the start of a line
    LABEL = "label"
    # `three kinds: the proton, neutron, and electron`
    LISTED = "listed"
    # `“selectivity”`
    QUOTED = "quoted"
    # `Antithrombin inactivates ...`: the bare or indefinite subject of a general statement
    SUBJECT = "subject"
    # `forming oxyhemoglobin`, `results in hemorrhage`
    OUTCOME = "outcome"


class TermMark(NamedTuple):
    """A phrase marked as a term: tokens `first` to `end` of sentence `sentence`.

    `strength`, 0 to 1, says how much of a definition the sentence is: 0.3 names it, 1 says what it means.
    """

    pattern: Pattern
    sentence: int
    first: int
    end: int
    strength: float
