"""Lists in running text and in bullets: which things a document names as belonging to which class."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.closed_classes import COMMON_VERBS
from services.llm.extractive.inflection import singular
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import (
    has_symbols,
    is_example_section,
    points_within,
    without_connective,
)
from services.llm.extractive.questions.verbs import is_verb
from services.llm.extractive.questions.wording import cleaned, is_plural, with_small_letter, word_count

_ITEM = r"(?:[^,;:.()—?!]|\([^()]{1,30}\)){2,50}"
_SERIES = rf"(?P<items>{_ITEM}(?:, {_ITEM})+,? (?:and|or|as well as) {_ITEM})"
_SUCH_AS = re.compile(
    rf"(?P<group>[^,;:.()—]{{4,80}}?),? (?:such as|including) {_SERIES}(?=[.,;:—)]|$)", re.IGNORECASE
)
_ARE = re.compile(
    rf"^(?P<group>[^,;:.()—]{{6,90}}?) (?:are|include|consist of|are composed of|comprise"
    rf"|were)(?: as follows)?:? {_SERIES}\.$",
    re.IGNORECASE,
)
_COLON = re.compile(rf"^(?P<group>[^;:.()—]{{8,110}}?)(?:: ?|—| – ){_SERIES}(?:\.|—)", re.IGNORECASE)
_THESE_ARE = re.compile(rf"^(?:these|they) (?:are|include|were) {_SERIES}\.$", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b(?P<group>(?i:the |these |its |their )?"
    r"(?i:two|three|four|five|six|seven|eight|several|many|various|main|major)\b"
    r"[^,;:.]*?\b[a-z-]+s(?: of (?:the )?(?:[A-Z][a-z]+|[a-z -]*?[a-z]+s)\b)?)(?: [a-z].*)?$"
)
_BAD_ITEM = re.compile(
    r"\b(?:is|are|was|were|has|have|can|will|that|which|who|it|they|its|their|this|these|you|so on|etc|others?|more"
    r"|many|few|not)\b",
    re.I,
)
_BARE_GROUP = re.compile(r"((?:[\w’'-]+ ){0,3}[\w’'-]+s)$")
_STARTS_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|has|have|can|will|do|does|may|be|by|with|from|to|that|which|who|for|on|into|because|if|when|as|at|it|they)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """`items` belong to `group`, such as `solutions, colloids and suspensions` to `liquid mixtures`.

    `is_complete` says that the document presents the list as whole and not as examples.
    """

    group: str
    items: tuple[str, ...]
    is_complete: bool
    sentence: Sentence


def listings(reading: Reading) -> list[Listing]:
    """All lists of three to eight short items, in document order, each group once."""
    found: dict[tuple[str, int], Listing] = {}
    for sentence in reading.analysis.sentences:
        if sentence.is_objective or sentence.index in reading.examples or has_symbols(sentence.text):
            continue
        if is_example_section(reading.analysis.section(sentence).path):
            continue
        for listing in _of_sentence(reading, sentence):
            found.setdefault((listing.group.lower(), sentence.passage), listing)
    return list(found.values())


def _of_sentence(reading: Reading, sentence: Sentence) -> Iterator[Listing]:
    text = without_connective(sentence.text)
    for match in _SUCH_AS.finditer(text):
        yield from _listing(
            reading,
            sentence,
            _noun_group(match["group"], reading.analysis.language.zipf),
            match["items"],
            False,
        )
    continued = _THESE_ARE.match(text)
    if continued is not None:
        yield from _listing(reading, sentence, _group_before(reading, sentence), continued["items"], True)
    whole = _ARE.match(text)
    if whole is not None:
        yield from _listing(reading, sentence, _counted(whole["group"]), whole["items"], True)
    colon = _COLON.match(text)
    if colon is not None:
        yield from _listing(reading, sentence, _counted(colon["group"]), colon["items"], True)


def _group_before(reading: Reading, sentence: Sentence) -> str:
    """What `These are ...` speaks of: the counted things of the sentence before it in the same passage."""
    before = reading.analysis.sentences[sentence.index - 1] if sentence.index else None
    if before is None or before.passage != sentence.passage:
        return ""
    return _counted(re.split(r",|;| because | that | which ", before.text.rstrip("."))[0])


def _noun_group(text: str, zipf: Callable[[str], float]) -> str:
    """The plural noun phrase right before `such as`: `dissolved gases` of `it also carries dissolved gases`."""
    match = _BARE_GROUP.search(text.strip())
    if match is None:
        return ""
    words = match[1].split()
    while words and (
        _STARTS_CLAUSE.search(words[0])
        or words[0].lower() in _WEAK | COMMON_VERBS
        or words[0].endswith(("ed", "ing", "ly"))
    ):
        words = words[1:]
    verbs = [
        i for i, word in enumerate(words[:-1]) if i and word.endswith("s") and is_verb(singular(word), zipf)
    ]
    words = words[verbs[-1] + 1 :] if verbs else words
    cut = [
        i
        for i, word in enumerate(words[:-1])
        if _STARTS_CLAUSE.fullmatch(word) or word.lower() in ("in", "of", "and", "or", "through", "the")
    ]
    group = " ".join(words[cut[-1] + 1 :] if cut else words)
    return "" if re.search(r"[’']s?\b", group) else group


_WEAK = frozenset(
    [
        "various",
        "several",
        "many",
        "some",
        "other",
        "different",
        "certain",
        "numerous",
        "a",
        "an",
        "the",
        "these",
        "those",
        "any",
        "all",
        "of",
        "in",
        "and",
        "or",
        "few",
    ]
)


def _counted(text: str) -> str:
    match = _COUNTED.search(text.strip())
    if match is None or word_count(match["group"]) > 10:
        return ""
    group = with_small_letter(match["group"].strip())
    at_start = match.start("group") == 0 or text[: match.start("group")].lower().strip() in (
        "there are",
        "these are",
    )
    own_name = re.search(r"\b(?:of|in|for) [a-z]", group) is not None
    return (
        group
        if (own_name or (at_start and word_count(group) > 3))
        and not re.search(r"\b(?:which|whom|same|discrete|following)\b|[’']s\b", group)
        else ""
    )


def _listing(reading: Reading, sentence: Sentence, group: str, items: str, whole: bool) -> Iterator[Listing]:
    parts = [_item(part) for part in re.split(r",? (?:and|or|as well as) |, (?:and |or )?", items)]
    if (
        not group
        or word_count(group) > 9
        or not is_plural(group)
        or points_within(re.sub(r"^(?:these|its|their) ", "the ", group))
    ):
        return
    if not 3 <= len(parts) <= 8 or len({part.lower() for part in parts}) < len(parts):
        return
    if all(_is_item(reading, part) for part in parts):
        yield Listing(re.sub(r"^(?:these|its|their) ", "the ", group), tuple(parts), whole, sentence)


def _item(part: str) -> str:
    text = re.sub(r"\s*\([^()]*\)", "", cleaned(part)).strip(" ,.;")
    return re.sub(r"^(?:an?|the|even|also|both)\s+", "", text, flags=re.IGNORECASE)


def _is_item(reading: Reading, part: str) -> bool:
    if not 1 <= word_count(part) <= 5 or _BAD_ITEM.search(part) or not part[:1].isalpha() or len(part) < 3:
        return False
    tokens = [token for token in reading.tokens_of(part) if token.is_word]
    return (
        bool(tokens)
        and tokens[-1].tag in ("NOUN", "ING", "ADJ")
        and tokens[0].tag not in ("ADP", "PRON", "CONJ", "VERB", "AUX", "ADV")
    )
