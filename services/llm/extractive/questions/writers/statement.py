"""Questions whose options or stems are statements: true or false, which is true, find the error."""

from collections.abc import Iterator, Sequence
from random import Random

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item, QuestionOption

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.contrary import Contrary, statement_of
from services.llm.extractive.questions.draft import Seed, drafted, explained, with_options
from services.llm.extractive.questions.wording import joined, quoted
from services.llm.extractive.questions.workshop import Workshop

TEMPLATES = ("true or false", "error", "true statement", "false statement")
TRUE_STATEMENT_OPENING = "Which of these statements"
_WRONG_STATEMENTS = 3
# Statements less good than this stand beside others only where better ones are too few.
_LEAST_BESIDE = 0.55
# True statements may be this many times as many as false ones.
MOST_TRUE = 1.5


def plan(shop: Workshop) -> Iterator[Seed]:
    """Statements of every claim and definition, alone and with others of the same section."""
    for term, sentence, quality in shop.statements:
        yield Seed(task_pb2.TRUE_FALSE, "true or false", sentence, term, quality, sentence)
        yield Seed(task_pb2.FIND_ERROR, "error", sentence, term, quality, sentence)
        yield Seed(task_pb2.SINGLE_CHOICE, "true statement", sentence, term, quality - 0.1, sentence)
        # Like finding the error, and so only where a document holds too little for the questions asked for.
        yield Seed(task_pb2.SINGLE_CHOICE, "false statement", sentence, term, quality - 1.0, sentence)


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where no certain contradiction, or too few statements beside it, can be found."""
    sentence: Sentence = seed.fact
    random = shop.random(seed.template, sentence.text)
    if seed.template == "true or false":
        return _true_false(shop, seed, sentence, random)
    if seed.template in ("error", "false statement"):
        return _find_error(shop, seed, sentence, random)
    return _true_statement(shop, seed, sentence, random)


def _true_false(shop: Workshop, seed: Seed, sentence: Sentence, random: Random) -> Item | None:
    """A statement of the text or its contrary, so that both come about equally often.

    None where nothing contradicts the sentence for certain and true statements are too many already.
    """
    told = shop.truths
    contrary = shop.contradictions.of(sentence, random)
    if contrary is None and told[True] > MOST_TRUE * told[False] + 1:
        return None
    is_true = contrary is None or (
        told[True] < told[False] or (told[True] == told[False] and random.random() < 0.5)
    )
    told[is_true] += 1
    stem = statement_of(sentence) if is_true or contrary is None else contrary.text
    item = drafted(shop, seed, stem, _why(sentence, None if is_true else contrary))
    item.options.extend(
        (QuestionOption(option_id="true", text="True"), QuestionOption(option_id="false", text="False"))
    )
    item.key.option_ids.append("true" if is_true else "false")
    return item


def _why(sentence: Sentence, contrary: Contrary | None) -> str:
    if contrary is None:
        return explained(sentence.text)
    return explained(
        sentence.text, f"It is {quoted(contrary.right)}, not {quoted(contrary.wrong)}. The text says: "
    )


def _find_error(shop: Workshop, seed: Seed, sentence: Sentence, random: Random) -> Item | None:
    contrary = shop.contradictions.of(sentence, random)
    others = _beside(shop, sentence, random)[:3]
    if contrary is None or len(others) < 3:
        return None
    names = _names(shop, [sentence, *others])
    stem = (
        f"One of these statements on {names} contradicts the text. Which one?"
        if seed.template == "error"
        else f"{TRUE_STATEMENT_OPENING} on {names} does not agree with the text?"
    )
    item = drafted(shop, seed, stem, _why(sentence, contrary))
    return with_options(item, [contrary.text], [statement_of(other) for other in others], random)


def _true_statement(shop: Workshop, seed: Seed, sentence: Sentence, random: Random) -> Item | None:
    wrong: list[str] = []
    about = [sentence]
    denied: Contrary | None = None
    for other in sorted(_beside(shop, sentence, random), key=lambda other: shop.contradicted[other.index]):
        contrary = shop.contradictions.of(other, random)
        if contrary is None and not denied:
            contrary = denied = shop.contradictions.denial_of(other)
        if contrary is not None:
            wrong.append(contrary.text)
            about.append(other)
        if len(wrong) == _WRONG_STATEMENTS:
            shop.contradicted.update(other.index for other in about[1:])
            item = drafted(
                shop, seed, f"{TRUE_STATEMENT_OPENING} on {_names(shop, about)} agrees with the text?"
            )
            return with_options(item, [statement_of(sentence)], wrong, random)
    return None


def _names(shop: Workshop, sentences: Sequence[Sentence]) -> str:
    """The terms that statements are about, without telling which is which."""
    about = {sentence.index: term for term, sentence, _ in shop.statements}
    return joined(sorted({shop.reading.terms[about[sentence.index]].name for sentence in sentences}))


def _beside(shop: Workshop, sentence: Sentence, random: Random) -> list[Sentence]:
    """Other statements of claims and definitions, those of the same section first, none about the same words."""
    section = shop.reading.analysis.section_of[sentence.passage]
    stems = shop.statement_stems
    near, far, plain = list[Sentence](), list[Sentence](), list[Sentence]()
    for _, other, quality in shop.statements:
        if other.index == sentence.index or _share(stems[other.index], stems[sentence.index]) > 0.5:
            continue
        same = shop.reading.analysis.section_of[other.passage] == section
        (plain if quality < _LEAST_BESIDE else near if same else far).append(other)
    for sentences in (far, plain):
        sentences.sort(key=lambda other: abs(other.index - sentence.index))
    random.shuffle(near)
    return (near + far[:8] + plain[:4])[:10]


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
