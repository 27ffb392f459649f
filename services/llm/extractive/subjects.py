"""Terms that are the subject of their own definition: `A catalyst is a substance that ...`."""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.closed_classes import words
from services.llm.extractive.phrases import phrase_end, phrase_start
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.term_marks import Pattern, TermMark
from services.llm.extractive.tokens import Token

_BE = words("is are was were")
_ARTICLES = words("a an the")
_OPENERS = words("a an the one any another each every either two all some most")
_MEANING_VERBS = words(
    """means mean refers refer denotes denote describes describe states state represents represent
    consists consist comprises comprise involves involve occurs occur measures measure defines
    define designates designate signifies signify concerns entails entail includes include
    contains contain"""
)
# Verbs of meaning that nearly always define; the others may only say something about the subject.
_STRICT_MEANING = words("means mean refers refer denotes denote states state designates designate signifies")
_DEFINING_LINKS = words(
    """that which who whose in of by where when with without for composed made consisting containing used
    formed produced between found caused designed characterized involving to from having resulting
    responsible capable"""
)
_VAGUE_DEFINIENS = words(
    """example examples reason reasons result results case cases fact goal aim problem problems question
    questions same difference differences topic subject point answer more most less important
    essential critical"""
)
# Words commoner than this open adverbials such as `in fact,` and `in addition,`.
_EVERYDAY_ZIPF = 5.2
# `An ion is ...` defines more surely than `Ions are ...`, and that than `The ion is ...`.
_ARTICLE_WEIGHTS = MappingProxyType({"indefinite": 1.0, "bare": 0.95, "definite": 0.75})
_SUBORDINATORS = words(
    "if when whenever because although though while whereas unless whether since until where as"
)
_TELLERS = words("recall note notice remember we this suppose")
_LINKS = words("of with without to for")
# Links that only narrow where a term is used: `an argument in philosophy`.
_DOMAIN_LINKS = words("in within among")
_INDEFINITE = words("a an each any this that these those its their our your some such two")


def subjects(sentence: Sentence) -> Iterator[TermMark]:
    """Marks of the term that is the subject of a defining statement, if the sentence is one."""
    tokens = sentence.tokens
    told = tokens and tokens[0].lower in _TELLERS
    if sentence.kind is SentenceKind.QUESTION or (sentence.kind is SentenceKind.INSTRUCTION and not told):
        return
    yield from _reversed(sentence)
    yield from _setting(sentence)
    start = _clause_start(tokens)
    article, first = _article(tokens, start)
    if article == "blocked":
        return
    end = phrase_end(tokens, first)
    if end == first:
        yield from _property_subject(sentence, first)
        return
    if end + 1 < len(tokens) and tokens[end].tag == "POS":
        first = end + 1
        end = phrase_end(tokens, first)
        if end == first:
            return
    long_end = _with_link(tokens, end)
    verb = _main_verb(tokens, long_end)
    judged = _judge(tokens, verb, article)
    if judged is None:
        return
    pattern, strength = judged
    yield TermMark(pattern, sentence.index, first, end, strength if long_end == end else 0.7 * strength)
    if long_end > end:
        yield TermMark(pattern, sentence.index, first, long_end, strength)


def _clause_start(tokens: Sequence[Token]) -> int:
    """Where the main clause begins: after a short opening such as `In chemistry,` or `However,`."""
    start = 0
    while start < len(tokens) and not tokens[start].is_word:
        start += 1
    told = next((i for i in range(start + 1, min(start + 4, len(tokens))) if tokens[i].lower == "that"), None)
    if told is not None and tokens[start].lower in _TELLERS:
        return told + 1
    opens_aside = start < len(tokens) and tokens[start].tag in ("ADP", "ADV", "CONJ", "NUM")
    if opens_aside:
        for i in range(start, min(start + 9, len(tokens))):
            if tokens[i].surface == ",":
                return i + 1
            if tokens[i].tag == "AUX":
                break
    if opens_aside and tokens[start].lower in _SUBORDINATORS:
        return len(tokens)
    named = start < len(tokens) and tokens[start].lower.endswith("ly")
    return start + 1 if opens_aside and tokens[start].tag in ("ADV", "CONJ") and not named else start


def _article(tokens: Sequence[Token], start: int) -> tuple[str, int]:
    """The kind of article before the subject, and where the subject begins."""
    if start >= len(tokens):
        return "blocked", start
    word = tokens[start].lower
    if word in ("a", "an"):
        return "indefinite", start + 1
    if word == "the":
        return "definite", start + 1
    return ("blocked", start) if tokens[start].tag in ("DET", "PRON", "AUX") else ("bare", start)


def _with_link(tokens: Sequence[Token], end: int) -> int:
    """The end of `sampling with replacement` for a subject that ends at `sampling`.

    `concentration of a solute` keeps its short form: an indefinite object is no part of a name.
    """
    if end >= len(tokens) or tokens[end].lower not in _LINKS:
        return end
    i = end + 1
    if i < len(tokens) and tokens[i].lower in _INDEFINITE:
        return end
    if i < len(tokens) and tokens[i].lower == "the":
        i += 1
    linked = phrase_end(tokens, i)
    return linked if linked > i else end


def _main_verb(tokens: Sequence[Token], end: int) -> int:
    """Position of the verb after the subject, past a bracket or aside; the end of the tokens without one."""
    i = end
    while i < len(tokens):
        surface = tokens[i].surface
        if surface in "([":
            i = _after(tokens, i, ")]", 16)
        elif surface in ",—–" and i == end:
            i = _after(tokens, i, ",—–", 16)
        elif tokens[i].tag == "ADV" or surface in "”\"'":
            i += 1
        elif tokens[i].lower in _LINKS | _DOMAIN_LINKS and (i == end or tokens[i - 1].surface in ")]"):
            i = next((k for k in range(i, min(i + 8, len(tokens))) if tokens[k].lower in _BE), len(tokens))
        else:
            return i
    return len(tokens)


def _after(tokens: Sequence[Token], start: int, closers: str, reach: int) -> int:
    for i in range(start + 1, min(start + reach, len(tokens))):
        if tokens[i].surface in closers:
            return i + 1
    return len(tokens)


def _judge(tokens: Sequence[Token], verb: int, article: str) -> tuple[Pattern, float] | None:
    if verb + 1 >= len(tokens):
        return None
    word = tokens[verb].lower
    if word in _BE:
        return _judge_copula(tokens, verb + 1, article)
    if word in _MEANING_VERBS:
        strict = word in _STRICT_MEANING
        return Pattern.MEANING, (0.9 if strict else 0.6) * (
            0.7 if article == "definite" and not strict else 1.0
        )
    plain = tokens[verb].tag in ("VERB", "AUX") or word.endswith("s")
    return (Pattern.SUBJECT, 0.3) if plain and article != "definite" else None


def _judge_copula(tokens: Sequence[Token], start: int, article: str) -> tuple[Pattern, float]:
    """How much of a definition follows `is`: a general noun, narrowed down, makes the best one."""
    i = start
    while i < len(tokens) and tokens[i].tag == "ADV" and tokens[i].lower != "not":
        i += 1
    weight = _ARTICLE_WEIGHTS[article]
    if i < len(tokens) and tokens[i].lower in ("when", "where", "what"):
        return Pattern.COPULA, 0.8 * weight
    if _happens_when(tokens, i):
        return Pattern.COPULA, 0.7 * weight
    opens = i < len(tokens) and tokens[i].lower in _OPENERS
    head = phrase_end(tokens, i + 1 if opens else i)
    while head < min(len(tokens), i + 6) and _goes_on(tokens[head]):
        head = max(head + 1, phrase_end(tokens, head + 1))
    near = tokens[i : head + 1]
    if any(token.lower in _VAGUE_DEFINIENS for token in near):
        return Pattern.COPULA, 0.3 * weight
    narrowed = any(token.lower in _DEFINING_LINKS for token in tokens[head : head + 4])
    if opens:
        return Pattern.COPULA, (1.0 if narrowed else 0.75) * weight
    noun = head > i
    return Pattern.COPULA, (0.75 if noun and narrowed else 0.45 if noun else 0.25) * weight


def _happens_when(tokens: Sequence[Token], i: int) -> bool:
    """`is formed when`, `is created by`."""
    participle = i + 1 < len(tokens) and tokens[i].tag in ("ED", "VERB")
    return participle and tokens[i + 1].lower in ("when", "if", "by", "whenever")


def _goes_on(token: Token) -> bool:
    return token.tag in ("ADJ", "ADV", "MARK", "NUM", "DET") and token.lower not in _DEFINING_LINKS


def _property_subject(sentence: Sentence, first: int) -> Iterator[TermMark]:
    """`Equally likely means that ...`: a property named by an adjective."""
    tokens = sentence.tokens
    end = phrase_end(tokens, first, any_word_last=True)
    if first < end < len(tokens) and tokens[end].lower in ("means", "mean", "refers"):
        yield TermMark(Pattern.MEANING, sentence.index, first, end, 0.9)


def _reversed(sentence: Sentence) -> Iterator[TermMark]:
    """`An atom that has an electrical charge is an ion.`"""
    tokens = sentence.tokens
    if len(tokens) < 8 or tokens[0].lower not in ("a", "an", "any") or tokens[-1].surface != ".":
        return
    head = phrase_end(tokens, 1)
    if (
        head == 1
        or head >= len(tokens)
        or tokens[head].lower not in ("that", "which", "who", "whose", "in", "with")
    ):
        return
    first = phrase_start(tokens, len(tokens) - 1)
    if first > head and tokens[first - 1].lower in ("a", "an") and tokens[first - 2].lower in _BE:
        yield TermMark(Pattern.COPULA, sentence.index, first, len(tokens) - 1, 0.8)


def _setting(sentence: Sentence) -> Iterator[TermMark]:
    """`In a neap tide, the sea rises by ...`: what happens in the thing named."""
    tokens = sentence.tokens
    if len(tokens) < 8 or tokens[0].lower not in ("in", "during"):
        return
    first = 2 if tokens[1].lower in _ARTICLES else 1
    end = phrase_end(tokens, first)
    long_end = _with_link(tokens, end) if end > first else end
    strength = 0.6 if tokens[1].lower != "the" else 0.4
    if end > first and tokens[long_end].surface == "," and tokens[first].zipf < _EVERYDAY_ZIPF:
        yield TermMark(Pattern.SUBJECT, sentence.index, first, long_end, strength)
