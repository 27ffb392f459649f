"""What a concept is called: its name as the document spells it, in the singular if it can, and its other names."""

from collections import Counter
from collections.abc import Sequence

from services.llm.extractive.analysis import Analysis
from services.llm.extractive.candidates import Candidate
from services.llm.extractive.phrases import surface

# Languages whose nouns have capitals everywhere.
_CAPITALISES_NOUNS = frozenset(("de", "lb"))


def names_of(analysis: Analysis, candidate: Candidate, acronyms: Sequence[str]) -> tuple[str, list[str]]:
    """The name, and all other spellings with the acronyms, commonest first.

    The name is the singular where the document has it, else the commonest spelling inside sentences.
    """
    keeps_capitals = analysis.language.code in _CAPITALISES_NOUNS
    inside: Counter[str] = Counter()
    opening: Counter[str] = Counter()
    for index, first, end in candidate.mentions:
        sentence = analysis.sentences[index]
        text = " ".join(surface(sentence, first, end).split())
        if first > 0:
            inside[text] += 1
        else:
            opening[text if keeps_capitals else _uncapitalised(text)] += 1
    for text, count in opening.items():
        inside[text] += count
    spellings = [text for text, _ in sorted(inside.items(), key=lambda pair: -pair[1])]
    lower = spellings if keeps_capitals else _prefer_lower(spellings, inside)
    lower.sort(key=lambda text: text.lower() != candidate.key)
    name = lower[0] if lower else candidate.heading or candidate.key
    others = dict.fromkeys(text for text in (*lower[1:], *acronyms) if text.lower() != name.lower())
    return name, list({text.lower(): text for text in reversed(others)}.values())[::-1][:8]


def _uncapitalised(text: str) -> str:
    return text[0].lower() + text[1:] if text[1:2].islower() or " " in text[:2] else text


def _prefer_lower(spellings: Sequence[str], counts: Counter[str]) -> list[str]:
    """Drops `Venn Diagram` where `Venn diagram` is about as common: headings and objectives capitalise at will."""
    kept: dict[str, str] = {}
    for text in spellings:
        folded = text.lower()
        known = kept.get(folded)
        if known is None or (_capitals(text) < _capitals(known) and counts[text] * 3 >= counts[known]):
            kept[folded] = text
    return sorted(kept.values(), key=lambda text: -counts[text])


def _capitals(text: str) -> int:
    return sum(letter.isupper() for letter in text)
