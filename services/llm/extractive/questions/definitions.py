"""Definitions in a document: which sentence says what which term means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.definition_patterns import (
    APPOSITIVE,
    BAD_IN_TERM,
    CLAUSE,
    DEFINE_AS,
    FINITE,
    GENUS_START,
    IN_NAMES,
    IS_CALLED,
    LABEL,
    NOT_A_KIND,
    OPENING_PREPOSITION,
    PARTIAL,
    POSSESSOR,
    RELATIVE,
    SUBJECT_IS,
    TAIL,
    THAT_IS,
)
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import (
    is_example_section,
    points_elsewhere,
    unbalanced,
    without_connective,
)
from services.llm.extractive.questions.term_index import Mention, Term
from services.llm.extractive.questions.wording import (
    cleaned,
    indefinite,
    is_plural,
    with_small_letter,
    word_count,
)

LONGEST_MEANING = 32
SHORTEST_MEANING = 4
# Less sure than this, a sentence only says something about its term.
LEAST_QUALITY = 0.5


@dataclass(frozen=True, slots=True)
class Definition:
    """What a term means by a sentence of the document.

    `meaning` is a noun phrase that could stand for the term, with its article. `named` is the term as the sentence
    writes it, without an article. `quality` is 0 to 1: how surely the sentence defines the term.
    """

    term: int
    named: str
    meaning: str
    sentence: Sentence
    quality: float

    @property
    def is_plural(self) -> bool:
        """Whether the meaning speaks of many."""
        return is_plural(self.meaning) and not re.match(r"(?:an?|one|any)\b", self.meaning, re.IGNORECASE)


def definitions(reading: Reading) -> list[Definition]:
    """All definitions in document order. Terms they define that are not known yet are added to the reading."""
    found: list[Definition] = []
    for sentence in reading.analysis.sentences:
        text = _prepared(sentence) if _is_teaching(reading, sentence) else None
        if text is not None:
            found.extend(_of_sentence(reading, sentence, text))
    return _best_for_each_term(found)


def _prepared(sentence: Sentence) -> str | None:
    text = without_connective(sentence.text).strip()
    text = re.sub(
        r"^(?:an? |the )?(?:scientists|chemists|physicists|philosophers|statisticians|biologists|economists"
        r"|we) (?=define)",
        "",
        text,
        flags=re.I,
    )
    if not 5 <= word_count(text) <= 70 or text.endswith(("?", "!")) or unbalanced(text):
        return None
    return text.rstrip(".")


def _is_teaching(reading: Reading, sentence: Sentence) -> bool:
    """Not an objective or an exercise, and in a made-up case only what speaks of things in general."""
    if sentence.is_objective or is_example_section(reading.analysis.section(sentence).path):
        return False
    return sentence.index not in reading.examples or bool(re.match(r"An? ", sentence.text))


def _of_sentence(reading: Reading, sentence: Sentence, text: str) -> Iterator[Definition]:
    seen: set[int] = set()
    for named, meaning, quality, predicative in _candidates(reading, sentence, text):
        if not predicative and _has_main_verb(reading, meaning):
            continue
        definition = _checked(reading, sentence, named, meaning, quality)
        if definition is not None and definition.term not in seen:
            seen.add(definition.term)
            yield definition


def _candidates(reading: Reading, sentence: Sentence, text: str) -> Iterator[tuple[str, str, float, bool]]:
    if (match := DEFINE_AS.search(text)) is not None:
        yield match["term"], match["meaning"], 0.95, True
    if (match := SUBJECT_IS.match(text)) is not None:
        plain = match["copula"].lower() in ("is", "are", "was", "were")
        yield match["term"], match["meaning"], _copula_quality(match, plain), True
    if (match := IS_CALLED.match(text)) is not None:
        yield match["term"], match["meaning"], 0.9, False
    if (match := THAT_IS.match(text)) is not None:
        yield match["term"], match["meaning"], 0.8, False
    if (match := LABEL.match(text)) is not None:
        yield match["term"], match["meaning"], 0.7, False
    yield from _appositives(reading, sentence)


def _copula_quality(match: re.Match[str], plain: bool) -> float:
    if not plain:
        return 0.95
    if match["copula"].lower() in ("was", "were"):
        return 0.3
    if re.match(r"also\b", match.string[match.end("copula") :].lstrip()):
        return 0.3
    defining = re.search(
        r"\b(?:that|which|who|whose|in which|of|used|by|between|where|when|composed|made|with)\b",
        match["meaning"],
    )
    return (0.9 if defining else 0.65) - (0.1 if (match["det"] or "").lower() == "the" else 0.0)


def _appositives(reading: Reading, sentence: Sentence) -> Iterator[tuple[str, str, float, bool]]:
    for mention in reading.mentions(sentence):
        end = sentence.tokens[mention.last - 1].end - sentence.start
        rest = sentence.text[end:]
        rest = re.sub(r"^\s*\([^()]{1,40}\)", "", rest)
        match = APPOSITIVE.match(rest)
        if match is not None and _is_apposition(sentence, mention, match):
            meaning = re.sub(r"^(?:which (?:is|are)|or)\s+", "", match["meaning"], flags=re.I)
            yield reading.surface(sentence, mention.first, mention.last), meaning, 0.6, False


def _is_apposition(sentence: Sentence, mention: Mention, match: re.Match[str]) -> bool:
    """Not the next part of a list, not a clause, and not set off from a longer phrase."""
    meaning = match["meaning"]
    start = sentence.tokens[mention.first].start - sentence.start
    before, after = sentence.text[:start], match.string[match.end() - 1 :]
    listing = re.match(r",\s*(?:and|or|the|an?)\b", after) or (
        before.endswith(", ") and re.search(r", (?:and|or) ", after)
    )
    previous = sentence.tokens[mention.first - 1] if mention.first else None
    modified = previous is not None and (
        previous.tag in IN_NAMES
        or previous.tag == "NUM"
        or previous.lower in PARTIAL
        or previous.lower == "of"
    )
    opened = OPENING_PREPOSITION.match(before)
    return not (listing or modified or CLAUSE.match(meaning) or (opened and "," not in before))


def _checked(
    reading: Reading, sentence: Sentence, named: str, meaning: str, quality: float
) -> Definition | None:
    named, meaning = _without_owner(named.strip(" “”\"'‘’"), _trimmed(meaning))
    if (
        not meaning
        or not _is_meaning(meaning)
        or not _names_a_term(named)
        or _has_main_verb(reading, meaning)
    ):
        return None
    if points_elsewhere(with_small_letter(meaning)) or re.search(r"[=∪∩|{}<>^_→]|\(\d", meaning):
        return None
    term = _term(reading, named, sentence, quality)
    if term is None or _circular(reading, named, meaning):
        return None
    if named.isupper() and reading.terms[term].name.lower() != named.lower():
        quality -= 0.25
    return Definition(term, _as_running(reading.terms[term], named), meaning, sentence, quality)


def _as_running(term: Term, named: str) -> str:
    """The name as written, but with the small or capital letter that it has in the middle of sentences."""
    return named if term.name[:1].isupper() else with_small_letter(named)


def _trimmed(meaning: str) -> str:
    text = cleaned(meaning.strip().rstrip(".")).strip(" ,;:—")
    text = re.sub(r"\s*\([^()]*\)", "", text)
    shorter = TAIL.sub("", text).strip(" ,;:—")
    text = shorter if word_count(shorter) >= SHORTEST_MEANING else text
    return with_small_letter(_without_second_clause(text))


def _without_second_clause(text: str) -> str:
    """`text` up to a comma and an `and` that open a clause of its own."""
    match = re.match(r"(?P<first>[^,]+), and (?P<rest>.+)", text)
    if match is None or not re.search(
        r"\b(?:is|are|was|were|has|have|can|may|will|must|do|does|that|evokes?)\b", match["rest"]
    ):
        return text
    return match["first"] if word_count(match["first"]) >= SHORTEST_MEANING else text


def _without_owner(named: str, meaning: str) -> tuple[str, str]:
    """`an element's mass number, ... its nucleus` becomes `mass number, ... an element's nucleus`."""
    match = POSSESSOR.match(named)
    if match is None:
        return re.sub(r"^(?:an?|the|any)\s+", "", named, flags=re.I), meaning
    owner = indefinite(match["owner"]) if not is_plural(match["owner"]) else match["owner"]
    return match["owned"], re.sub(r"\bits\b", f"{owner}’s", meaning, count=1)


def _has_main_verb(reading: Reading, meaning: str) -> bool:
    """Whether the phrase is a whole clause: a finite verb stands before any word that opens a relative clause."""
    before = ""
    for token in reading.tokens_of(meaning):
        if token.lower in RELATIVE:
            return False
        after_to, before = before == "to", token.lower
        if (
            token.tag in FINITE
            and not after_to
            and token.lower
            not in (
                "made",
                "used",
                "found",
                "set",
                "taken",
                "given",
                "held",
                "put",
            )
        ):
            return True
    return False


def _is_meaning(meaning: str) -> bool:
    if not SHORTEST_MEANING <= word_count(meaning) <= LONGEST_MEANING or unbalanced(meaning):
        return False
    if NOT_A_KIND.match(meaning) and not re.match(
        r"(?:one|the) (?:or more|smallest|largest|most basic)", meaning
    ):
        return False
    first = meaning.split()[0].lower()
    return bool(GENUS_START.match(meaning)) or (
        first.endswith("s") and not first.endswith(("ss", "us", "is"))
    )


def _names_a_term(named: str) -> bool:
    return (
        1 <= word_count(named) <= 5
        and not BAD_IN_TERM.search(named)
        and named[:1].isalpha()
        and len(named) > 2
    )


def _term(reading: Reading, named: str, sentence: Sentence, quality: float) -> int | None:
    """The known term that `named` is or ends with; a new one where the definition is a sure one."""
    key = reading.key_of(named)
    known = reading.find(key)
    if known is not None or quality < 0.8:
        return known
    if not _may_be_new(reading, named, sentence):
        return None
    name = with_small_letter(named) if sentence.text.startswith(named[:3]) else named
    return reading.add(Term(name, name, (key,), 0.2, 0))


def _may_be_new(reading: Reading, named: str, sentence: Sentence) -> bool:
    """A new term is a noun phrase that the document marks, or uses again although it is no everyday word."""
    tokens = [t for t in reading.tokens_of(named) if t.is_word]
    if not tokens or tokens[-1].tag not in ("NOUN", "ING") or any(t.tag not in IN_NAMES for t in tokens):
        return False
    if named.lower() in reading.analysis.emphasized:
        return True
    if named.isupper() or re.match(
        r"(?:common|typical|main|important|first|easiest|simplest|best)\b", named, re.I
    ):
        return False
    opens = re.match(rf"(?:an?|the) {re.escape(named)}", sentence.text, re.IGNORECASE)
    rare = tokens[0].zipf < 4.3 if len(tokens) == 1 else min(t.zipf for t in tokens) < 5.2
    counts = [reading.analysis.term_counts.get(t.stem, 0) for t in tokens]
    return min(counts) > 1 and (rare or (opens is not None and min(counts) > 3))


def _circular(reading: Reading, named: str, meaning: str) -> bool:
    """Whether the meaning uses the whole term."""
    name, text = reading.key_of(named), reading.key_of(meaning)
    return any(text[i : i + len(name)] == name for i in range(len(text)))


def _best_for_each_term(found: list[Definition]) -> list[Definition]:
    """At most two definitions a term, the surest first where they are equal in place."""
    kept: dict[int, list[Definition]] = {}
    for definition in found:
        if definition.quality < LEAST_QUALITY:
            continue
        kept.setdefault(definition.term, []).append(definition)
    best = {id(d) for group in kept.values() for d in sorted(group, key=lambda d: -d.quality)[:2]}
    return [definition for definition in found if id(definition) in best]
