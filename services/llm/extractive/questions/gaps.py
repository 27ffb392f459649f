"""Sentences with a term left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.item_view import GAP
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import without_connective
from services.llm.extractive.questions.term_index import Mention
from services.llm.extractive.questions.wording import cleaned, is_plural, with_capital, with_small_letter

FEWEST_CONTENT_STEMS = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """A sentence in which `answer`, a mention of a term, is replaced by a gap.

    `fitness` is 0 to 1: how much the rest of the sentence tells about what is missing.
    """

    term: int
    text: str
    answer: str
    sentence: Sentence
    fitness: float

    @property
    def is_plural(self) -> bool:
        """Whether what is missing is in the plural."""
        return is_plural(self.answer)


def gaps(reading: Reading) -> Iterator[Gap]:
    """Every term that can be left out of a sentence that stands alone and says enough without it."""
    for sentence in reading.askable:
        mentions = reading.mentions(sentence)
        for mention in mentions:
            gap = _gap(reading, sentence, mention, len(mentions))
            if gap is not None:
                yield gap


def _gap(reading: Reading, sentence: Sentence, mention: Mention, mention_count: int) -> Gap | None:
    tokens = sentence.tokens
    answer = reading.surface(sentence, mention.first, mention.last)
    inside = {t.stem for t in tokens[mention.first : mention.last]}
    elsewhere = {
        t.stem for i, t in enumerate(tokens) if not mention.first <= i < mention.last and not t.is_stop
    }
    if inside & elsewhere or len(elsewhere) < FEWEST_CONTENT_STEMS or not _stands_free(sentence, mention):
        return None
    text = _with_gap(sentence, mention)
    if text is None:
        return None
    if not reading.terms[mention.term].name[:1].isupper():
        answer = with_small_letter(answer)
    position = mention.first / max(1, len(tokens))
    definite = mention.first == 0 or position > 0.5
    rarity = max(0.0, min(1.0, (5.5 - min(t.zipf for t in tokens[mention.first : mention.last])) / 2.5))
    told = 0.2 * definite + 0.08 * mention_count + 0.02 * len(elsewhere)
    return Gap(mention.term, text, answer, sentence, min(1.0, told + 0.4 * rarity))


def _stands_free(sentence: Sentence, mention: Mention) -> bool:
    """Whether the mention is the whole of its name: no noun beside it, no hyphen, no bracket that spells it out."""
    tokens = sentence.tokens
    before = tokens[mention.first - 1] if mention.first else None
    after = tokens[mention.last] if mention.last < len(tokens) else None
    if after is not None and (
        after.tag in ("NOUN", "POS") or after.surface in ("-", "(", "’", "'", "/", ",—")
    ):
        return False
    if before is not None and (before.tag in ("NOUN", "POS") or before.surface in ("-", "(", "/")):
        return False
    listed = (before is not None and before.surface == ",") or (
        after is not None and after.surface == "," and mention.first > 2
    )
    return not listed


def _with_gap(sentence: Sentence, mention: Mention) -> str | None:
    tokens = sentence.tokens
    start, end = tokens[mention.first].start - sentence.start, tokens[mention.last - 1].end - sentence.start
    text = without_connective(sentence.text[:start] + GAP + sentence.text[end:])
    if text.count(GAP) != 1:
        return None
    text = re.sub(rf"\b(a)n? (?={GAP})", lambda m: f"{m[1]}(n) ", text, flags=re.IGNORECASE)
    return with_capital(cleaned(text))
