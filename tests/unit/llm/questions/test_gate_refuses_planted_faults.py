"""Each reason of the gate, proved by an item that is sound but for one thing."""

from collections.abc import Callable

import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import AnswerKey, Item, OptionMatch, QuestionOption

from services.llm.extractive.analysis import analyse
from services.llm.extractive.questions.gate import Fault, Gate
from services.llm.extractive.questions.reading import Reading, read

TEXT = (
    "A catalyst is a substance that speeds up a reaction without being used up. "
    "A solvent is a liquid that dissolves other substances. A buffer keeps the acidity of a solution nearly constant. "
    "A membrane speeds up a reaction and is a substance without being used up in cells."
)
QUOTE = "A catalyst is a substance that speeds up a reaction without being used up."


@pytest.fixture
def reading() -> Reading:
    return read(analyse([Passage(passage_id="p", document_id="d", text=TEXT)], "en"), [])


def choice(
    stem: str = "Which of these is a substance that speeds up a reaction without being used up?",
    options: tuple[str, ...] = ("catalyst", "solvent", "buffer", "polymer"),
    right: tuple[str, ...] = ("a",),
) -> Item:
    item = Item(kind=task_pb2.SINGLE_CHOICE, stem=stem, explanation="The text says so.", concept="catalyst")
    item.citation.passage_id, item.citation.document_id = "p", "d"
    item.citation.quote, item.citation.start_char, item.citation.end_char = QUOTE, 0, len(QUOTE)
    item.options.extend(QuestionOption(option_id=chr(97 + i), text=text) for i, text in enumerate(options))
    item.key.option_ids.extend(right)
    return item


def with_kind(item: Item, kind: "task_pb2.QuestionKind.ValueType", key: AnswerKey | None = None) -> Item:
    item.kind = kind
    if key is not None:
        item.key.CopyFrom(key)
    return item


def with_foreign_quote() -> Item:
    item = choice()
    item.citation.quote = "A catalyst is something that this text does not say of it."
    return item


def with_moved_quote() -> Item:
    item = choice()
    item.citation.start_char += 2
    return item


def cloze(stem: str, *texts: str) -> Item:
    item = with_kind(choice(options=(), stem=stem, right=()), task_pb2.CLOZE)
    item.key.texts.extend(texts)
    return item


def matching(*pairs: tuple[str, str]) -> Item:
    item = with_kind(choice(stem="Match each of the terms with its meaning.", right=()), task_pb2.MATCHING)
    item.matches.extend(QuestionOption(option_id=str(i), text=f"meaning {i}") for i in range(1, 5))
    item.key.matches.extend(OptionMatch(option_id=option, match_id=match) for option, match in pairs)
    return item


PLANTED: dict[str, tuple[Fault, Callable[[], Item]]] = {
    "no key": (Fault.BROKEN_KEY, lambda: choice(right=())),
    "two keys": (Fault.BROKEN_KEY, lambda: choice(right=("a", "b"))),
    "key names no option": (Fault.BROKEN_KEY, lambda: choice(right=("z",))),
    "all options right": (
        Fault.BROKEN_KEY,
        lambda: with_kind(choice(right=("a", "b", "c", "d")), task_pb2.MULTIPLE_CHOICE),
    ),
    "an order that leaves one out": (
        Fault.BROKEN_KEY,
        lambda: with_kind(choice(right=("a", "b", "c")), task_pb2.ORDERING),
    ),
    "two options with one match": (
        Fault.BROKEN_KEY,
        lambda: matching(("a", "1"), ("b", "1"), ("c", "2"), ("d", "3")),
    ),
    "a number that is none": (
        Fault.BROKEN_KEY,
        lambda: with_kind(choice(options=(), right=()), task_pb2.NUMERIC, AnswerKey(number=float("nan"))),
    ),
    "two gaps": (Fault.BROKEN_KEY, lambda: cloze("A ____ is a ____ of sorts.", "catalyst")),
    "no gap": (Fault.BROKEN_KEY, lambda: cloze("A substance of sorts.", "catalyst")),
    "a formula nobody can read": (
        Fault.BROKEN_KEY,
        lambda: with_kind(
            choice(options=(), right=(), stem="Solve it."),
            task_pb2.ALGEBRAIC,
            AnswerKey(texts=["__import__('os')"]),
        ),
    ),
    "two options": (Fault.TOO_FEW_OPTIONS, lambda: choice(options=("catalyst", "solvent"))),
    "a quote of other words": (Fault.QUOTE_NOT_IN_SOURCE, with_foreign_quote),
    "a quote of another place": (Fault.QUOTE_NOT_IN_SOURCE, with_moved_quote),
    "an empty option": (Fault.UNREADABLE, lambda: choice(options=("catalyst", "solvent", "buffer", " "))),
    "a bracket left open": (Fault.UNREADABLE, lambda: choice(stem="Which (of these speeds up a reaction?")),
    "the key in the stem": (
        Fault.KEY_IN_STEM,
        lambda: choice(stem="Which of these, like a catalyst, speeds up a reaction?"),
    ),
    "the stemmed key in the stem": (
        Fault.KEY_IN_STEM,
        lambda: choice(stem="Which of these do chemists count among catalysts?"),
    ),
    "the number in the stem": (
        Fault.KEY_IN_STEM,
        lambda: with_kind(
            choice(options=(), right=(), stem="A fork that vibrates 500 times sends out ____ waves."),
            task_pb2.NUMERIC,
            AnswerKey(number=500),
        ),
    ),
    "one option in another": (
        Fault.OPTION_OVERLAP,
        lambda: choice(options=("catalyst", "solvent", "weak solvent", "polymer")),
    ),
    "the same option twice": (
        Fault.OPTION_OVERLAP,
        lambda: choice(options=("catalyst", "solvent", "Solvent", "polymer")),
    ),
    "an option that the quote names": (
        Fault.ALSO_RIGHT,
        lambda: choice(stem="What speeds things up?", options=("catalyst", "solvent", "reaction", "polymer")),
    ),
    "an option that another sentence makes right": (
        Fault.ALSO_RIGHT,
        lambda: choice(options=("catalyst", "solvent", "membrane", "polymer")),
    ),
    "a word that only key and stem share": (
        Fault.GIVEAWAY_WORD,
        lambda: choice(
            stem="Which of these is a substance for fast reactions?",
            options=("fast substance", "solvent", "buffer", "polymer"),
        ),
    ),
    "a key far longer than the rest": (
        Fault.GIVEAWAY_LENGTH,
        lambda: choice(
            stem="What does the word mean?",
            options=(
                "something that speeds up a change and is whole after it",
                "a liquid",
                "an acid",
                "a gas",
            ),
        ),
    ),
    "a plural among singulars": (
        Fault.GRAMMAR_MISMATCH,
        lambda: choice(options=("catalysts", "solvent", "buffer", "polymer")),
    ),
    "an article that fits some options only": (
        Fault.GRAMMAR_MISMATCH,
        lambda: choice(
            stem="Which word fits? “An ____ helps.”", options=("enzyme", "solvent", "buffer", "polymer")
        ),
    ),
    "a figure that is not there": (
        Fault.DANGLING_REFERENCE,
        lambda: choice(stem="As shown in Figure 2.3, which of these speeds up a change?"),
    ),
    "a pronoun without a noun": (
        Fault.DANGLING_REFERENCE,
        lambda: choice(
            stem="Which term completes the sentence? “This makes the ____ useful in many places.”"
        ),
    ),
}


@pytest.mark.parametrize(("fault", "plant"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_fault_is_refused_by_its_name(
    reading: Reading, fault: Fault, plant: Callable[[], Item]
) -> None:
    gate = Gate(reading)
    item = plant()
    assert gate.fault(item) is fault
    assert not gate.admit(item)
    assert gate.rejections == {fault.value: 1}


def test_the_sound_item_that_the_faults_are_planted_in_passes(reading: Reading) -> None:
    assert Gate(reading).admit(choice())


def test_the_same_question_is_admitted_once(reading: Reading) -> None:
    gate = Gate(reading)
    assert gate.admit(choice())
    again = choice(options=("catalyst", "polymer", "alloy", "buffer"))
    assert gate.fault(again) is Fault.NEAR_DUPLICATE


def test_the_same_concept_and_quote_are_asked_once(reading: Reading) -> None:
    gate = Gate(reading)
    assert gate.admit(choice())
    other = choice(stem="What is the name of something that chemists add to make things quicker?")
    assert gate.fault(other) is Fault.NEAR_DUPLICATE


def test_every_reason_is_proved_here() -> None:
    proved = {fault for fault, _ in PLANTED.values()} | {Fault.NEAR_DUPLICATE}
    assert proved == set(Fault)
