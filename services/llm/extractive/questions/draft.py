"""Items while they are being written: what they are made of, their options, their explanation."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item, QuestionOption

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.wording import quoted
from services.llm.extractive.questions.workshop import Workshop

LONGEST_EXPLAINED_QUOTE = 330


@dataclass(frozen=True, slots=True)
class Seed:
    """Something that a question can be made of.

    `template` names the way the question is put, `fact` is what it is made from, `term` the position of the term it
    asks about, `quality` 0 to 1 how good such questions are, and `sentence` the one that proves the key.
    """

    kind: "task_pb2.QuestionKind.ValueType"
    template: str
    fact: Any
    term: int
    quality: float
    sentence: Sentence
    # The sentence before, where the proof needs it too.
    since: Sentence | None = None


def drafted(shop: Workshop, seed: Seed, stem: str, explanation: str = "") -> Item:
    """An item with its question, proof, concept and explanation, still without options and key."""
    citation = shop.citation(seed.sentence, seed.since)
    return Item(
        kind=seed.kind,
        stem=stem,
        citation=citation,
        concept=shop.concept(seed.term, seed.sentence),
        explanation=explanation or explained(citation.quote),
    )


def explained(quote: str, before: str = "The text says: ") -> str:
    """A sentence that quotes the proof, shortened at a word where it is long."""
    text = " ".join(quote.split())
    if len(text) > LONGEST_EXPLAINED_QUOTE:
        text = text[:LONGEST_EXPLAINED_QUOTE].rsplit(" ", 1)[0] + " …"
    return before + quoted(text)


def option_ids(count: int) -> list[str]:
    """Identifiers a, b, c, ... of `count` options."""
    return [chr(ord("a") + i) for i in range(count)]


def with_options(item: Item, right: Sequence[str], wrong: Sequence[str], random: Random) -> Item:
    """`item` with its options in an order chosen by `random`, and the right ones as its key."""
    texts = [*right, *wrong]
    random.shuffle(texts)
    for option_id, text in zip(option_ids(len(texts)), texts, strict=True):
        item.options.append(QuestionOption(option_id=option_id, text=text))
        if text in right:
            item.key.option_ids.append(option_id)
    return item
