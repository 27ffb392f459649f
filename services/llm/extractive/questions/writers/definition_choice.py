"""Single choice about what terms mean: the term for a meaning, and the meaning of a term."""

from collections.abc import Iterator

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.draft import Seed, drafted, explained, with_options
from services.llm.extractive.questions.kinship import WordClass
from services.llm.extractive.questions.wording import quoted
from services.llm.extractive.questions.workshop import Workshop

TEMPLATES = ("term", "meaning")
_WRONG_OPTIONS = 3


def plan(shop: Workshop) -> Iterator[Seed]:
    """Two questions for every definition: one asks for the term, one for the meaning."""
    for definition in shop.definitions:
        quality = 0.55 + 0.45 * definition.quality
        sentence = definition.sentence
        yield Seed(task_pb2.SINGLE_CHOICE, "term", definition, definition.term, quality, sentence)
        if not is_name(shop, definition):
            yield Seed(
                task_pb2.SINGLE_CHOICE, "meaning", definition, definition.term, quality - 0.08, sentence
            )


def is_name(shop: Workshop, definition: Definition) -> bool:
    """Whether a definition says who or what bears a proper name."""
    return shop.kinship.word_class(definition.term) is WordClass.NAME


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where the document holds too few wrong options of the same sort."""
    return _term_item(shop, seed) if seed.template == "term" else _meaning_item(shop, seed)


def _term_item(shop: Workshop, seed: Seed) -> Item | None:
    definition: Definition = seed.fact
    random = shop.random("term", definition.sentence.text, definition.term)
    many = definition.is_plural
    wrong = shop.distractors.terms(
        definition.term, definition.meaning, definition.sentence.text, many, random
    )
    if len(wrong) < _WRONG_OPTIONS:
        return None
    item = drafted(
        shop, seed, _term_stem(shop, definition, random.randrange(3)), _contrast(shop, seed, wrong[0])
    )
    return with_options(item, [definition.named], wrong[:_WRONG_OPTIONS], random)


def _term_stem(shop: Workshop, definition: Definition, form: int) -> str:
    verb = "are" if definition.is_plural else "is"
    if is_name(shop, definition):
        return f"Who or what {verb} {definition.meaning}?"
    forms = (
        f"Which term means {quoted(definition.meaning)}?",
        f"What is the name for {definition.meaning}?",
        f"Which of these {verb} {definition.meaning}?",
    )
    return forms[form]


def _contrast(shop: Workshop, seed: Seed, other: str) -> str:
    """The proof, and what the nearest wrong option means where the document tells."""
    proof = explained(seed.sentence.text)
    term = shop.reading.find(shop.reading.key_of(other))
    definition = shop.definition_of.get(term) if term is not None else None
    if definition is None or len(definition.meaning) > 140:
        return proof
    return f"{proof} By contrast, {quoted(definition.named)} means {quoted(definition.meaning)}."


def _meaning_item(shop: Workshop, seed: Seed) -> Item | None:
    definition: Definition = seed.fact
    random = shop.random("meaning", definition.sentence.text, definition.term)
    others = shop.distractors.definitions(definition, random)
    wrong = [d.meaning for d in others if d.sentence.index != definition.sentence.index]
    wrong = list(dict.fromkeys(wrong))
    if len(wrong) < _WRONG_OPTIONS:
        return None
    forms = (
        f"According to the text, what does {quoted(definition.named)} mean?",
        f"How does the text define the term {quoted(definition.named)}?",
        f"Which of these describes the term {quoted(definition.named)} best?",
    )
    item = drafted(shop, seed, forms[random.randrange(len(forms))])
    return with_options(item, [definition.meaning], wrong[:_WRONG_OPTIONS], random)
