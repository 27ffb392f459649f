"""Claims of a document: what it says about which term, as a subject and what is true of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import (
    has_symbols,
    is_weak,
    points_within,
    unbalanced,
    without_connective,
)
from services.llm.extractive.questions.term_index import Mention
from services.llm.extractive.questions.verbs import Agreement, finite_verb
from services.llm.extractive.questions.wording import cleaned, is_plural, with_capital, word_count
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.tokens import Token

LONGEST_PREDICATE = 28
SHORTEST_PREDICATE = 4

_FILLER = re.compile(
    r"^(?P<verb>\w+ )?(?:also|therefore|thus|then|however|too|in turn|thereby|consequently|hence|instead|now|still),? ",
    re.I,
)
_TAIL = re.compile(
    r"\s*(?:;.*|\s?—.*|\s–\s.*|:\s.*|,? (?:for example|for instance|e\.g\.|i\.e\.|namely)\b.*|, (?:and|but|so|while"
    r"|whereas|although|though|yet) (?:it|they|"
    r"the|he|she|a|an|this|these|that|its|their|there|in|is|are|has|have|can|will|may|thus|therefore|not)\b.*"
    r"|, (?:thus|hence|thereby|so) .*)$",
    re.IGNORECASE | re.DOTALL,
)
_EMPTY_PREDICATE = re.compile(
    r"^(?:is|are|was|were|has|have|can|may|will|do|does|might|could|would|should|must)?\s*(?:not|never|no|also be|"
    r"(?:an?|the|one|another)? ?(?:good|familiar|common|other|simple|classic|typical|important|very )?(?:example"
    r"|instance|case|result|reason|way)\b|"
    r"as follows|follows? the same|similar|different|the same|like this|true|false|easy|difficult|hard|possible|given"
    r"|shown|listed|discussed|written|seen|important|"
    r"called|known as|defined as|as a)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """`subject` `predicate`, as in `Enzymes` `lower the activation energy of a reaction`.

    `subject` keeps its article, `predicate` begins with the finite verb, `lead` is a phrase before the subject such
    as `In the body` or empty.
    """

    term: int
    lead: str
    subject: str
    predicate: str
    is_plural: bool
    sentence: Sentence
    # The sentence before, where that names the subject and this one has a pronoun for it.
    since: Sentence | None = None

    @property
    def statement(self) -> str:
        """The claim as a sentence of its own."""
        return (
            with_capital(f"{self.lead}, {self.subject}" if self.lead else self.subject)
            + f" {self.predicate}."
        )


def claims(reading: Reading) -> list[Claim]:
    """All claims whose subject is a term alone or a pronoun for the one before, in document order."""
    found = [claim for sentence in reading.standing if (claim := _claim(reading, sentence)) is not None]
    found.extend(_continued(reading))
    return sorted(found, key=lambda claim: claim.sentence.index)


def _continued(reading: Reading) -> Iterator[Claim]:
    """Claims of sentences that open with it or they right after one whose subject is a term of that number."""
    sentences = reading.analysis.sentences
    for before in reading.standing:
        after = sentences[before.index + 1] if before.index + 1 < len(sentences) else None
        if after is not None and after.passage == before.passage and _goes_on(reading, after):
            claim = _claim_of_pronoun(reading, before, after)
            if claim is not None:
                yield claim


def _goes_on(reading: Reading, sentence: Sentence) -> bool:
    text = sentence.text
    if sentence.tokens[0].lower not in ("it", "they") or sentence.kind is not SentenceKind.STATEMENT:
        return False
    rest = text.partition(" ")[2]
    clear = not (points_within(text) or is_weak(rest) or has_symbols(text) or unbalanced(text))
    return (
        clear
        and sentence.index not in reading.examples
        and not re.match(r"it (?:is|was) [^.]*? that\b", text, re.I)
    )


def _claim_of_pronoun(reading: Reading, before: Sentence, after: Sentence) -> Claim | None:
    mention = _subject(reading, before)
    verb = _verb_position(after.tokens, 1)
    agreement = finite_verb(after.tokens, verb, reading.analysis.language.zipf)
    if mention is None or agreement is None:
        return None
    subject = _subject_text(reading, before, mention)
    many = after.tokens[0].lower == "they"
    predicate = _predicate(reading, after, verb)
    if is_plural(subject) != many or not _is_predicate(reading, mention, predicate):
        return None
    return Claim(mention.term, "", subject, predicate, many, after, before)


def _claim(reading: Reading, sentence: Sentence) -> Claim | None:
    mention = _subject(reading, sentence)
    if mention is None:
        return None
    verb = _verb_position(sentence.tokens, mention.last)
    agreement = finite_verb(sentence.tokens, verb, reading.analysis.language.zipf)
    if agreement is None or _is_participle(sentence, verb):
        return None
    subject = _subject_text(reading, sentence, mention)
    predicate = _predicate(reading, sentence, verb)
    if _means_a_certain_one(reading, mention, subject, predicate):
        return None
    if not _is_predicate(reading, mention, predicate) or not _agrees(agreement, subject):
        return None
    plural = agreement is Agreement.PLURAL or (agreement is Agreement.ANY and is_plural(subject))
    return Claim(mention.term, _lead(sentence, mention), subject, predicate, plural, sentence)


def _subject(reading: Reading, sentence: Sentence) -> Mention | None:
    """The term that opens the sentence, after at most a short phrase with a comma and an article."""
    for mention in reading.mentions(sentence)[:3]:
        start = _subject_start(sentence, mention)
        follows = start == 0 or sentence.tokens[start - 1].surface == ","
        if follows and _is_lead(sentence, start) and (start == mention.first or _is_article(sentence, start)):
            return mention
        if sentence.tokens[mention.last - 1].start - sentence.start > 70:
            break
    return None


def _subject_start(sentence: Sentence, mention: Mention) -> int:
    """The position of the determiner before a mention, else of the mention."""
    determined = mention.first > 0 and sentence.tokens[mention.first - 1].tag == "DET"
    return mention.first - 1 if determined else mention.first


def _is_article(sentence: Sentence, position: int) -> bool:
    return sentence.tokens[position].lower in ("a", "an", "the", "all", "most")


def _is_lead(sentence: Sentence, start: int) -> bool:
    if start == 0:
        return True
    lead = sentence.text[: sentence.tokens[start].start - sentence.start].rstrip(" ,")
    if not without_connective(lead + ", x").strip().startswith("x") and "," in lead:
        return False
    stripped = without_connective(lead + ", x")
    return stripped == "x" or bool(
        re.match(
            r"(?:In|For|At|During|Within|Among|On|Under|By|Through|Unlike|Like|After|Before) [^,]{3,45}$",
            lead,
        )
    )


def _lead(sentence: Sentence, mention: Mention) -> str:
    start = _subject_start(sentence, mention)
    lead = sentence.text[: sentence.tokens[start].start - sentence.start].rstrip(" ,")
    return "" if without_connective(lead + ", x") == "x" or not lead else cleaned(lead)


def _verb_position(tokens: Sequence[Token], i: int) -> int:
    if i < len(tokens) and tokens[i].surface == "(":
        while i < len(tokens) and tokens[i].surface != ")":
            i += 1
        i += 1
    while i < len(tokens) and tokens[i].tag == "ADV":
        i += 1
    return i


def _is_participle(sentence: Sentence, verb: int) -> bool:
    """Whether a form in -ed only describes the subject: `Data collected ... must be guarded`."""
    tokens = sentence.tokens
    if not tokens[verb].lower.endswith("ed") or tokens[verb].tag == "AUX":
        return False
    return any(token.tag == "AUX" for token in tokens[verb + 1 :])


def _means_a_certain_one(reading: Reading, mention: Mention, subject: str, predicate: str) -> bool:
    """Whether `The argument` is one of many spoken of before and not the kind as such."""
    single = (
        subject.lower().startswith("the ") and mention.last - mention.first == 1 and not is_plural(subject)
    )
    return (
        single
        and reading.is_counted(mention.term)
        and not re.match(r"(?:is|was) (?:an?|the|one)\b", predicate)
    )


def _subject_text(reading: Reading, sentence: Sentence, mention: Mention) -> str:
    start = _subject_start(sentence, mention)
    return reading.surface(sentence, start, mention.last)


def _predicate(reading: Reading, sentence: Sentence, verb: int) -> str:
    text = cleaned(sentence.text[sentence.tokens[verb].start - sentence.start :]).rstrip(".")
    text = _FILLER.sub(lambda m: m["verb"] or "", text)
    return _without_second_clause(reading, _TAIL.sub("", text).strip(" ,;:—–"))


def _without_second_clause(reading: Reading, predicate: str) -> str:
    """`predicate` up to a comma and an `and` after which another subject and its verb stand."""
    first, comma, rest = predicate.partition(", and ")
    if not comma or "," in first:
        return predicate
    tokens = reading.tokens_of(rest)
    zipf = reading.analysis.language.zipf
    opens_with_verb = finite_verb(tokens, 0, zipf) is not None
    has_verb = any(finite_verb(tokens, i, zipf) is not None for i in range(1, min(6, len(tokens))))
    return first if has_verb and not opens_with_verb else predicate


def _is_predicate(reading: Reading, mention: Mention, predicate: str) -> bool:
    if not SHORTEST_PREDICATE <= word_count(predicate) <= LONGEST_PREDICATE or _EMPTY_PREDICATE.match(
        predicate
    ):
        return False
    words = set(reading.key_of(predicate))
    return (
        len(reading.content_stems(predicate)) >= 3 and not set(reading.terms[mention.term].keys[0]) <= words
    )


def _agrees(agreement: Agreement, subject: str) -> bool:
    return agreement is Agreement.ANY or is_plural(subject) == (agreement is Agreement.PLURAL)
