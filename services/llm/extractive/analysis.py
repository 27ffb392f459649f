"""The shared view of a document that every task of the built-in engine works on."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from threading import Lock
from types import MappingProxyType

from mootion.document.v1.document_pb2 import Citation, Passage

from services.llm.extractive.language import Language, language_of
from services.llm.extractive.sections import Section, sections_of
from services.llm.extractive.sentences import SentenceKind, list_marker_length, sentence_spans
from services.llm.extractive.tagging import Tagger
from services.llm.extractive.tokens import Token, Vocabulary, tokenize

# Characters of all the analyses kept at once: about ten textbook chapters, or two whole books.
CACHED_CHARACTERS = 4_000_000

_OBJECTIVE_LEADS = (
    "will be able to",
    "will learn to",
    "you should be able",
    "learning objective",
    "learning outcome",
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and where it stands: `start` and `end` are characters of the text of passage `passage`."""

    index: int
    passage: int
    start: int
    end: int
    text: str
    tokens: tuple[Token, ...]
    kind: SentenceKind
    # Whether it states what a learner will be able to do.
    is_objective: bool

    @property
    def stems(self) -> tuple[str, ...]:
        """Stems of its content words, in order."""
        return tuple(token.stem for token in self.tokens if not token.is_stop)


@dataclass(frozen=True)
class Analysis:
    """Everything known about a list of passages; never changed once made.

    `sentences` are in the order of the passages. `sections` are in order of first appearance, parents before
    children, and `section_of[i]` is the position of the innermost section of passage `i`.
    """

    language: Language
    passages: tuple[Passage, ...]
    sentences: tuple[Sentence, ...]
    # First and one past the last sentence of each passage.
    sentence_ranges: tuple[tuple[int, int], ...]
    sections: tuple[Section, ...]
    section_of: tuple[int, ...]
    # Tagged tokens of any other text, such as a question, read with the same rules.
    tokens_of: Callable[[str], tuple[Token, ...]]

    @cached_property
    def term_counts(self) -> Mapping[str, int]:
        """How often each content stem occurs."""
        return MappingProxyType(Counter(stem for sentence in self.sentences for stem in sentence.stems))

    @cached_property
    def sentences_with(self) -> Mapping[str, tuple[int, ...]]:
        """Positions of the sentences that hold each content stem, in order."""
        return _inverted((sentence.index, sentence.stems) for sentence in self.sentences)

    @cached_property
    def emphasized(self) -> Mapping[str, tuple[int, ...]]:
        """Passages in which each bold or italic term stands, by its lower-case form, in order."""
        return _inverted(
            (i, tuple(t.lower() for t in passage.emphasized)) for i, passage in enumerate(self.passages)
        )

    def sentences_of(self, passage: int) -> tuple[Sentence, ...]:
        """The sentences of a passage."""
        start, end = self.sentence_ranges[passage]
        return self.sentences[start:end]

    def section(self, sentence: Sentence) -> Section:
        """The innermost section that a sentence stands in."""
        return self.sections[self.section_of[sentence.passage]]

    def citation(self, sentence: Sentence) -> Citation:
        """The verbatim quote of a sentence."""
        return self.citation_of(sentence.passage, sentence.start, sentence.end)

    def citation_of(self, passage: int, start: int, end: int) -> Citation:
        """The verbatim quote of characters `start` to `end` of a passage's text.

        Raises ValueError where the span is empty or leaves the text.
        """
        source = self.passages[passage]
        if not 0 <= start < end <= len(source.text):
            raise ValueError(
                f"span {start}..{end} does not lie in the {len(source.text)} characters of passage {passage}"
            )
        return Citation(
            document_id=source.document_id,
            passage_id=source.passage_id,
            page=_page_at(source, start),
            start_char=start,
            end_char=end,
            quote=source.text[start:end],
        )


class AnalysisCache:
    """The analyses used last, by content, up to a number of characters. Safe to share between threads."""

    def __init__(self, max_characters: int = CACHED_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._kept: OrderedDict[bytes, tuple[int, Analysis]] = OrderedDict()
        self._lock = Lock()

    def analyse(self, passages: Sequence[Passage], language: str) -> Analysis:
        """The analysis of `passages`, made now or kept from before."""
        key = _content_hash(passages, language)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][1]
        made = _analyse(passages, language)
        self._keep(key, sum(len(passage.text) for passage in passages), made)
        return made

    def _keep(self, key: bytes, size: int, made: Analysis) -> None:
        with self._lock:
            self._kept[key] = (size, made)
            while sum(kept_size for kept_size, _ in self._kept.values()) > self._max_characters:
                self._kept.popitem(last=False)


@cache
def _shared_cache() -> AnalysisCache:
    return AnalysisCache()


def analyse(passages: Sequence[Passage], language: str) -> Analysis:
    """The analysis of `passages`, which may come from several documents; equal content is analysed once.

    `language` is ISO 639-1; empty means English.
    """
    return _shared_cache().analyse(passages, language)


def _content_hash(passages: Sequence[Passage], language: str) -> bytes:
    digest = blake2b(language.encode(), digest_size=16)
    for passage in passages:
        content = passage.SerializeToString(deterministic=True)
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.digest()


def _analyse(passages: Sequence[Passage], language_code: str) -> Analysis:
    language = language_of(language_code)
    reader = SentenceReader(language)
    sentences: list[Sentence] = []
    ranges = []
    for i, passage in enumerate(passages):
        first = len(sentences)
        sentences.extend(reader.read(passage, i, first))
        ranges.append((first, len(sentences)))
    sections, section_of = sections_of(passages, reader.tokens)
    return Analysis(
        language=language,
        passages=tuple(_copy(passage) for passage in passages),
        sentences=tuple(sentences),
        sentence_ranges=tuple(ranges),
        sections=sections,
        section_of=section_of,
        tokens_of=reader.tokens,
    )


class SentenceReader:
    """Reads sentences out of text, sharing what it learns about words."""

    def __init__(self, language: Language) -> None:
        self._vocabulary = Vocabulary(language)
        self._tagger = Tagger(language)

    def tokens(self, text: str, offset: int = 0) -> tuple[Token, ...]:
        """Tagged tokens of `text`; `offset` is added to their positions."""
        plain = list(tokenize(text, self._vocabulary, offset))
        tags = self._tagger.tags(plain)
        return tuple(Token(*token[:-1], tag) for token, tag in zip(plain, tags, strict=True))

    def read(self, passage: Passage, position: int, first_index: int) -> list[Sentence]:
        """The sentences of one passage, numbered from `first_index`."""
        sentences: list[Sentence] = []
        text = passage.text
        objectives = any("objective" in title.lower() for title in passage.section_path[-1:])
        for start, end in sentence_spans(text):
            words = text[start:end]
            tokens = self.tokens(words, start)
            kind = _kind(text, start, tokens)
            is_objective = objectives and kind is not SentenceKind.STATEMENT
            sentences.append(
                Sentence(
                    first_index + len(sentences), position, start, end, words, tokens, kind, is_objective
                )
            )
            announced = any(lead in words.lower() for lead in _OBJECTIVE_LEADS)
            objectives = announced or (objectives and kind is not SentenceKind.STATEMENT)
        return sentences


def _kind(text: str, start: int, tokens: Sequence[Token]) -> SentenceKind:
    last = next((t.surface for t in reversed(tokens) if t.surface not in "\"'”’»)]」』"), "")
    if last in ("?", "？", "؟"):
        return SentenceKind.QUESTION
    line_start = text.rfind("\n", 0, start) + 1
    if list_marker_length(text[line_start : start + 1]) and not text[line_start:start].strip(" •◦▪‣·*–—-"):
        return SentenceKind.LIST_ITEM
    if tokens and tokens[0].tag == "VERB" and tokens[0].surface[:1].isupper():
        return SentenceKind.INSTRUCTION
    closed = last in (".", "!", "…", "。", "！", "।", "۔")
    return SentenceKind.STATEMENT if closed else SentenceKind.FRAGMENT


def _inverted(rows: Iterable[tuple[int, Sequence[str]]]) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for position, keys in rows:
        for key in keys:
            places = found.setdefault(key, [])
            if not places or places[-1] != position:
                places.append(position)
    return MappingProxyType({key: tuple(places) for key, places in found.items()})


def _page_at(passage: Passage, position: int) -> int:
    for span in passage.page_spans:
        if span.start_char <= position < span.end_char:
            return span.page
    return passage.first_page


def _copy(passage: Passage) -> Passage:
    copied = Passage()
    copied.CopyFrom(passage)
    return copied
