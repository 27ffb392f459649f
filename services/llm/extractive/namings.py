"""Terms that a sentence names: `is called plasma`, `hemostasis, the process by which ...`."""

from collections.abc import Iterator, Sequence

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.closed_classes import words
from services.llm.extractive.phrases import is_phrase_word, linked_start, phrase_end, phrase_start
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.term_marks import Pattern, TermMark
from services.llm.extractive.tokens import Token

_CALLED = words("called termed named dubbed labeled labelled")
_KNOWN = words("known referred described defined designated classified regarded")
_TERM_NOUNS = words("term terms word words concept notion phrase")
_ARTICLES = words("a an the")
_VIEWED = words("define defines consider think view regard treat describe")
_CALLS = words("call calls name label")
_CONDITIONS = words("if when whenever provided unless")
_GLOSSES = words("literally from meaning plural singular or also pronounced that")
_RELATIVE = words("that which of in for by who where whose used made found to with from between")
_BE = words("is are be being as")
_LIST_LEADS = words("include includes including namely contain contains are is types kinds classes forms")
_OUTCOMES = words("forming becoming forms yields yielding called")
_OUTCOME_PAIRS = frozenset((("results", "in"), ("resulting", "in"), ("result", "in"), ("such", "as")))
_QUOTES_OPEN = "“\"‘'«„"
_QUOTES_CLOSE = "”\"’'»“"


def namings(sentence: Sentence) -> Iterator[TermMark]:
    """Marks of the terms that a sentence names anywhere in it."""
    if sentence.kind in (SentenceKind.QUESTION, SentenceKind.INSTRUCTION):
        return
    yield from _label(sentence)
    for i in range(len(sentence.tokens)):
        yield from _named_after(sentence, i)
        yield from _apposition(sentence, i)
        yield from _listed(sentence, i)
        yield from _predicate(sentence, i)
        yield from _viewed(sentence, i)


def _predicate(sentence: Sentence, i: int) -> Iterator[TermMark]:
    """`A and B are independent events if ...`, `X is a necessary condition for Y if and only if ...`."""
    tokens = sentence.tokens
    if tokens[i].lower not in _CONDITIONS or i < 3:
        return
    for start in range(max(1, i - 8), i):
        if tokens[start - 1].lower in _BE:
            first = _skip_marks(tokens, start)
            end = phrase_end(tokens, first, any_word_last=True)
            if first < end and (end == i or tokens[end].lower in ("for", "of")):
                yield TermMark(Pattern.NAMED, sentence.index, first, end, 0.7)
            return


def _viewed(sentence: Sentence, i: int) -> Iterator[TermMark]:
    """`define matter as anything that ...`, `think of a population as ...`, `call the first variable the cause`."""
    tokens = sentence.tokens
    word = tokens[i].lower
    if word not in _VIEWED and word not in _CALLS:
        return
    first = _skip_marks(tokens, i + 2 if i + 1 < len(tokens) and tokens[i + 1].lower == "of" else i + 1)
    end = phrase_end(tokens, first)
    if end == first or end + 1 >= len(tokens):
        return
    if word in _VIEWED and tokens[end].lower == "as":
        yield TermMark(Pattern.MEANING, sentence.index, first, end, 0.8)
    if word in _CALLS and tokens[end].lower in _ARTICLES:
        yield from _names_from(sentence, end, 0.8)


def _named_after(sentence: Sentence, i: int) -> Iterator[TermMark]:
    tokens = sentence.tokens
    word, following = tokens[i].lower, tokens[i + 1].lower if i + 1 < len(tokens) else ""
    if word in _CALLED and i > 0:
        yield from _names_from(sentence, i + 1, 0.8)
    elif word in _KNOWN and following == "as":
        yield from _names_from(sentence, i + 2, 0.8)
    elif word in _KNOWN and following == "to" and i + 2 < len(tokens) and tokens[i + 2].lower == "as":
        yield from _names_from(sentence, i + 3, 0.8)
    elif word in _TERM_NOUNS and following not in ("of", "for"):
        yield from _names_from(sentence, i + 1, 0.4)
    elif word in _OUTCOMES or (word, following) in _OUTCOME_PAIRS:
        start = i + 1 if word in _OUTCOMES else i + 2
        yield from _single(sentence, _skip_marks(tokens, start), Pattern.OUTCOME, 0.2)


def _names_from(sentence: Sentence, start: int, strength: float) -> Iterator[TermMark]:
    """The name at `start`, and those joined to it by `or` or `and`."""
    tokens = sentence.tokens
    for _ in range(3):
        start = _skip_marks(tokens, start)
        end = phrase_end(tokens, start)
        if end == start:
            end = phrase_end(tokens, start, any_word_last=True)
        if end == start:
            return
        yield TermMark(Pattern.NAMED, sentence.index, start, end, strength)
        yield from _longer_name(sentence, start, end, strength)
        after = _past_bracket(tokens, end)
        follows = next(
            (k for k in (after, after + 1) if k < len(tokens) and tokens[k].lower in ("or", "and")), None
        )
        if follows is None:
            return
        start = follows + 1


def _past_bracket(tokens: Sequence[Token], i: int) -> int:
    if i < len(tokens) and tokens[i].surface == "(":
        return next((k + 1 for k in range(i, min(i + 30, len(tokens))) if tokens[k].surface == ")"), i)
    return i


def _longer_name(sentence: Sentence, start: int, end: int, strength: float) -> Iterator[TermMark]:
    """`hemolytic disease of the newborn` beside `hemolytic disease`."""
    tokens = sentence.tokens
    if end < len(tokens) and tokens[end].lower == "of":
        first = end + 2 if end + 1 < len(tokens) and tokens[end + 1].lower == "the" else end + 1
        last = phrase_end(tokens, first)
        if last > first and tokens[first - 1].lower in ("of", "the"):
            yield TermMark(Pattern.NAMED, sentence.index, start, last, strength)


def _skip_marks(tokens: Sequence[Token], i: int) -> int:
    while i < len(tokens) and (
        tokens[i].lower in _ARTICLES
        or tokens[i].surface in _QUOTES_OPEN + ":("
        or tokens[i].lower in ("either", "simply", "collectively", "as", "more", "first", "second", "third")
    ):
        i += 1
    return i


def _apposition(sentence: Sentence, i: int) -> Iterator[TermMark]:
    """A phrase before a comma, dash or bracket that is followed by what it means, or is itself the name."""
    tokens = sentence.tokens
    mark = tokens[i].surface
    if mark not in (",", "—", "–", "(", ";") or i == 0 or i + 2 >= len(tokens):
        return
    first = phrase_start(tokens, i)
    if first < i and _explains(tokens, i + 1, mark):
        strength = 0.8 if mark != "," or _closed(tokens, i + 1) else 0.5
        yield TermMark(Pattern.APPOSITION, sentence.index, first, i, strength)
        linked = linked_start(tokens, first)
        if linked < first:
            yield TermMark(Pattern.APPOSITION, sentence.index, linked, i, strength)
    if mark in "—–" and first < i:
        yield from _name_at_end(sentence, i + 1)
    if tokens[i + 1].lower == "or" and first < i:
        yield TermMark(Pattern.SYNONYM, sentence.index, first, i, 0.4)
        yield from _single(sentence, _skip_marks(tokens, i + 2), Pattern.SYNONYM, 0.4)


def _explains(tokens: Sequence[Token], i: int, mark: str) -> bool:
    """Whether `a process by which ...`, `proteins that ...` or a gloss such as `literally ...` begins at `i`."""
    opener = tokens[i].lower
    if opener in ("which", "meaning", "that", "i.e"):
        return mark != "(" or opener == "meaning"
    if mark == "(" and (opener in _GLOSSES or any(token.surface == "=" for token in tokens[i : i + 4])):
        return True
    if opener not in ("a", "an", "the", "one", "another", "any"):
        end = phrase_end(tokens, i)
        plural = i < end < len(tokens) and tokens[end - 1].lower.endswith("s")
        return plural and tokens[end].lower in ("that", "which", "used")
    end = phrase_end(tokens, i + 1)
    return i + 1 < end < len(tokens) and (tokens[end].lower in _RELATIVE or tokens[end].surface in ",;.)—")


def _closed(tokens: Sequence[Token], start: int) -> bool:
    """Whether the aside ends in a comma or the sentence, and is no item of a list."""
    for i in range(start, min(start + 25, len(tokens))):
        if tokens[i].surface == ",":
            return i + 1 < len(tokens) and tokens[i + 1].tag in ("AUX", "VERB", "PRON", "DET", "ADP")
        if tokens[i].lower == "and":
            return False
    return True


def _name_at_end(sentence: Sentence, i: int) -> Iterator[TermMark]:
    """`... formed by water—the hydrogen bond.`"""
    tokens = sentence.tokens
    start = _skip_marks(tokens, i)
    end = phrase_end(tokens, start)
    if start < end and (end >= len(tokens) or tokens[end].surface in ".—"):
        yield TermMark(Pattern.APPOSITION, sentence.index, start, end, 0.5)


def _single(sentence: Sentence, start: int, pattern: Pattern, strength: float) -> Iterator[TermMark]:
    end = phrase_end(sentence.tokens, start)
    if end > start:
        yield TermMark(pattern, sentence.index, start, end, strength)


def _label(sentence: Sentence) -> Iterator[TermMark]:
    """`Bias: a tendency ...` and `Bias—a tendency ...` at the start of a line or an item."""
    tokens = sentence.tokens
    start = _skip_marks(tokens, 0)
    end = phrase_end(tokens, start)
    while end < len(tokens) and tokens[end].surface in _QUOTES_CLOSE:
        end += 1
    named = end > start and end + 2 < len(tokens) and tokens[end].surface in (":", "—", "–")
    if named and is_phrase_word(tokens[end - 1]):
        yield TermMark(Pattern.LABEL, sentence.index, start, end, 0.8)


def _listed(sentence: Sentence, i: int) -> Iterator[TermMark]:
    """The members of `three types: A, B, and C` and `include A, B, and C`."""
    tokens = sentence.tokens
    opens = tokens[i].surface == ":" or tokens[i].lower in _LIST_LEADS
    if not opens:
        return
    members = _members(tokens, i + 1)
    if len(members) >= 2:
        for first, end in members:
            yield TermMark(Pattern.LISTED, sentence.index, first, end, 0.3)


def _members(tokens: Sequence[Token], start: int) -> list[tuple[int, int]]:
    """Noun phrases parted by commas and a last `and` or `or`."""
    found: list[tuple[int, int]] = []
    i = start
    while i < len(tokens):
        first = _skip_marks(tokens, i)
        end = phrase_end(tokens, first)
        if end == first:
            return found
        found.append((first, end))
        i = end
        parted = False
        while i < len(tokens) and (tokens[i].surface in ",;" or tokens[i].lower in ("and", "or")):
            parted = True
            i += 1
        if not parted:
            return found
    return found
