"""Questions answered in words: a gap to fill, and the name for a meaning."""

from collections.abc import Iterator

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.draft import Seed, drafted
from services.llm.extractive.questions.gaps import Gap, gaps
from services.llm.extractive.questions.wording import plural, quoted, singular, words_of
from services.llm.extractive.questions.workshop import Workshop
from services.llm.extractive.questions.writers.definition_choice import is_name

TEMPLATES = ("cloze", "name")


def plan(shop: Workshop) -> Iterator[Seed]:
    """A gap in every sentence that tells enough, and a name for every meaning."""
    defining = {(definition.term, definition.sentence.index) for definition in shop.definitions}
    for gap in gaps(shop.reading):
        quality = 0.9 if (gap.term, gap.sentence.index) in defining else 0.45 + 0.3 * gap.fitness
        yield Seed(task_pb2.CLOZE, "cloze", gap, gap.term, quality, gap.sentence)
    for definition in shop.definitions:
        if is_name(shop, definition):
            continue
        quality = 0.5 + 0.45 * definition.quality
        yield Seed(task_pb2.SHORT_ANSWER, "name", definition, definition.term, quality, definition.sentence)


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed."""
    if seed.template == "cloze":
        gap: Gap = seed.fact
        item = drafted(shop, seed, gap.text)
        item.key.texts.extend(_accepted(shop, gap.term, gap.answer))
        return item
    definition: Definition = seed.fact
    random = shop.random("name", definition.sentence.text)
    forms = (
        f"What is the term for {definition.meaning}?",
        f"Name the term that means {quoted(definition.meaning)}.",
        f"In a word or a few: what is the name for {definition.meaning}?",
    )
    item = drafted(shop, seed, forms[random.randrange(len(forms))])
    item.key.texts.extend(_accepted(shop, definition.term, definition.named))
    return item


def _accepted(shop: Workshop, term: int, answer: str) -> list[str]:
    """The answer as the text has it, then the same name in both numbers, then its other names."""
    known = shop.reading.terms[term]
    numbers = [
        form for form in (singular(answer), plural(answer)) if set(words_of(form)) <= shop.reading.forms
    ]
    unique: dict[str, str] = {}
    for name in [answer, *numbers, known.name, *known.other_names]:
        unique.setdefault(name.lower(), name)
    return list(unique.values())
