"""Single choice about what follows from what, worked examples, examples of a term, and which statement is false."""

import re
from collections.abc import Iterator

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.calculations import Calculation, wrong_results
from services.llm.extractive.questions.conditions import Condition
from services.llm.extractive.questions.draft import Seed, drafted, explained, with_options
from services.llm.extractive.questions.item_view import GAP
from services.llm.extractive.questions.quantities import NO_TERM
from services.llm.extractive.questions.wording import cleaned, quoted, with_small_letter, word_count
from services.llm.extractive.questions.workshop import Workshop

TEMPLATES = ("consequence", "calculation", "example of")
_WRONG_OPTIONS = 3
# Conditions that share this much of their words may have the same consequences.
_SAME_CONDITION = 0.5
_EXAMPLE_OF = re.compile(
    r"^(?P<case>[^,;:—]{8,120}?) (?P<verb>is|are) (?:an? (?:good |common |familiar |simple |typical )?example|examples)"
    r" of (?:an? |the )?(?P<name>[^,;:—.]{3,40})\.$"
)


def plan(shop: Workshop) -> Iterator[Seed]:
    """A question for every rule, every calculation worked out, and every case of a term."""
    for rule in shop.conditions:
        quality = 0.7 if rule.term != NO_TERM else 0.1
        yield Seed(task_pb2.SINGLE_CHOICE, "consequence", rule, rule.term, quality, rule.sentence)
    for worked in shop.calculations:
        quality = 0.6 if worked.term != NO_TERM else 0.0
        yield Seed(task_pb2.SINGLE_CHOICE, "calculation", worked, worked.term, quality, worked.sentence)
    for sentence in shop.reading.standing:
        term = _exemplified(shop, sentence)
        if term is not None:
            yield Seed(task_pb2.SINGLE_CHOICE, "example of", sentence, term, 0.75, sentence)


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where the document holds too few wrong options."""
    if seed.template == "consequence":
        return _consequence_item(shop, seed)
    return _calculation_item(shop, seed) if seed.template == "calculation" else _example_item(shop, seed)


def _consequence_item(shop: Workshop, seed: Seed) -> Item | None:
    rule: Condition = seed.fact
    random = shop.random("consequence", rule.sentence.text)
    stems, length = shop.reading.content_stems(rule.condition), word_count(rule.result)
    others = [
        other.result
        for other in shop.conditions
        if _share(shop.reading.content_stems(other.condition), stems) < _SAME_CONDITION
        and 0.4 * length <= word_count(other.result) <= 2.5 * length
    ]
    wrong = [result for result in dict.fromkeys(others) if result != rule.result]
    random.shuffle(wrong)
    if len(wrong) < _WRONG_OPTIONS:
        return None
    item = drafted(shop, seed, f"According to the text, what holds if {rule.condition}?")
    return with_options(item, [rule.result], wrong[:_WRONG_OPTIONS], random)


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _calculation_item(shop: Workshop, seed: Seed) -> Item | None:
    worked: Calculation = seed.fact
    random = shop.random("calculation", worked.sentence.text, worked.shown)
    wrong = wrong_results(worked)
    if len(wrong) < _WRONG_OPTIONS:
        return None
    stem = f"Which number completes the calculation? {quoted(f'{worked.shown} = {GAP}')}"
    item = drafted(shop, seed, stem, explained(worked.sentence.text, "The text works it out: "))
    return with_options(item, [worked.result], wrong[:_WRONG_OPTIONS], random)


def _exemplified(shop: Workshop, sentence: Sentence) -> int | None:
    match = _EXAMPLE_OF.match(cleaned(sentence.text))
    return None if match is None else shop.reading.find(shop.reading.key_of(match["name"]))


def _example_item(shop: Workshop, seed: Seed) -> Item | None:
    match = _EXAMPLE_OF.match(cleaned(seed.sentence.text))
    if match is None:
        return None
    random = shop.random("example of", seed.sentence.text)
    wrong = shop.distractors.terms(seed.term, match["case"], seed.sentence.text, False, random)
    if len(wrong) < _WRONG_OPTIONS:
        return None
    stem = f"Of which of these {match['verb']} {with_small_letter(match['case'])} an example?"
    return with_options(drafted(shop, seed, stem), [match["name"]], wrong[:_WRONG_OPTIONS], random)
