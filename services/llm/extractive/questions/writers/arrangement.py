"""Questions that ask to arrange: steps and events in order, terms beside their meanings."""

from collections.abc import Iterator

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item, OptionMatch, QuestionOption

from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.draft import Seed, drafted, explained, option_ids
from services.llm.extractive.questions.quantities import NO_TERM
from services.llm.extractive.questions.sequences import Sequence
from services.llm.extractive.questions.wording import joined, quoted, with_small_letter
from services.llm.extractive.questions.workshop import Workshop

TEMPLATES = ("order", "match")
PAIRS = 4
LONGEST_MATCH = 180


def plan(shop: Workshop) -> Iterator[Seed]:
    """An ordering for every sequence, a matching around every definition."""
    for sequence in shop.sequences:
        term = _term_of(shop, sequence)
        yield Seed(task_pb2.ORDERING, "order", sequence, term, 0.9, sequence.sentence)
    for definition in shop.definitions:
        if len(definition.meaning) <= LONGEST_MATCH and definition.quality >= 0.6:
            yield Seed(
                task_pb2.MATCHING,
                "match",
                definition,
                definition.term,
                definition.quality,
                definition.sentence,
            )


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where too few definitions stand beside it."""
    return _ordering(shop, seed) if seed.template == "order" else _matching(shop, seed)


def _term_of(shop: Workshop, sequence: Sequence) -> int:
    for sentence in sequence.sources:
        for mention in shop.reading.mentions(sentence):
            return mention.term
    return NO_TERM


def _ordering(shop: Workshop, seed: Seed) -> Item | None:
    sequence: Sequence = seed.fact
    random = shop.random("order", *sequence.steps)
    about = f" of {quoted(sequence.title)}" if sequence.title else ""
    stem = (
        f"Put these events{about} in order, the earliest first."
        if sequence.is_timeline
        else f"Put the steps{about} in the order of the text."
    )
    item = drafted(shop, seed, stem, explained(sequence.sentence.text, "It begins so: "))
    if sequence.is_timeline:
        item.explanation = "The years are: " + ", ".join(sequence.whens) + "."
    shown = list(range(len(sequence.steps)))
    while shown == sorted(shown):
        random.shuffle(shown)
    ids = dict(zip(shown, option_ids(len(shown)), strict=True))
    item.options.extend(QuestionOption(option_id=ids[i], text=sequence.steps[i]) for i in shown)
    item.key.option_ids.extend(ids[i] for i in range(len(shown)))
    return item


def _matching(shop: Workshop, seed: Seed) -> Item | None:
    first: Definition = seed.fact
    random = shop.random("match", first.sentence.text, first.term)
    chosen = [first]
    for other in shop.distractors.definitions(first, random):
        if len(chosen) < PAIRS and len(other.meaning) <= LONGEST_MATCH and _apart(shop, other, chosen):
            chosen.append(other)
    if len(chosen) < PAIRS:
        return None
    random.shuffle(chosen)
    shown = list(range(PAIRS))
    random.shuffle(shown)
    names = joined([definition.named for definition in chosen])
    item = drafted(shop, seed, f"Match each of the terms {names} with its meaning.")
    numbers = {position: str(n + 1) for n, position in enumerate(shown)}
    item.matches.extend(QuestionOption(option_id=numbers[p], text=chosen[p].meaning) for p in shown)
    for position, option_id in enumerate(option_ids(PAIRS)):
        item.options.append(
            QuestionOption(option_id=option_id, text=with_small_letter(chosen[position].named))
        )
        item.key.matches.append(OptionMatch(option_id=option_id, match_id=numbers[position]))
    return item


def _apart(shop: Workshop, other: Definition, chosen: list[Definition]) -> bool:
    """Neither meaning names the other term, so that each pair is decided by its own meaning."""
    name, meaning = shop.reading.content_stems(other.named), shop.reading.content_stems(other.meaning)
    for known in chosen:
        known_name, known_meaning = (
            shop.reading.content_stems(known.named),
            shop.reading.content_stems(known.meaning),
        )
        if name <= known_meaning or known_name <= meaning or known.term == other.term:
            return False
        if name & known_name and not (name - known_name and known_name - name):
            return False
    return True
