"""Turns what a model says is right into the key of an item, by the rules of each kind of question."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mootion.document.v1.document_pb2 import Citation
from mootion.llm.v1 import task_pb2

from services.llm.guard import support
from services.llm.replies.question import QuestionReply

GAP = "____"
FEWEST_OPTIONS = 3
MOST_OPTIONS = 8
LONGEST_WORDED_KEY = 80
# A right option may be this many times as long as the longest wrong one.
LENGTH_RATIO = 1.5
# Share of the words of what is said to be true that the passage must have.
LEAST_SUPPORT = 0.5
_NUMBER = re.compile(r"[-−]?\d+(?:[,.  ]\d{3})*(?:\.\d+)?")


class Refused(Exception):
    """A question does not pass the gate: `reason` goes into the coverage report, `detail` to the model."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Proof:
    """What a question rests on: the quote, and the text of the passage it stands in."""

    citation: Citation
    passage: str


Key = Callable[[task_pb2.Item, QuestionReply, Proof, Random], None]


def _choice(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    if len(given.right) != 1:
        raise Refused("no single key", "right holds exactly one option.")
    _check_options(given)
    if item.kind == task_pb2.SINGLE_CHOICE:
        _check_key(item, given.right[0], proof)
    if len(given.right[0]) > LENGTH_RATIO * max(len(text) for text in given.wrong) + 4:
        raise Refused("giveaway length", "the right option is much longer than the wrong ones.")
    _add_options(item, given.right, given.wrong, random)


def _find_error(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    if any(support(text, [proof.passage]) < LEAST_SUPPORT for text in given.wrong):
        raise Refused("option not in source", "the statements in wrong are those that the text bears out.")
    _choice(item, given, proof, random)


def _choices(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    _check_options(given)
    for text in given.right:
        _check_key(item, text, proof)
    _add_options(item, given.right, given.wrong, random)


def _true_false(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    key = given.right[0].strip().casefold() if len(given.right) == 1 else ""
    if key not in ("true", "false"):
        raise Refused("no single key", 'right is ["true"] or ["false"].')
    if key == "true" and support(given.stem, [proof.passage]) < LEAST_SUPPORT:
        raise Refused("key not in source", "the text does not say this.")
    item.options.add(option_id="true", text="True")
    item.options.add(option_id="false", text="False")
    item.key.option_ids.append(key)


def _worded(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    if item.kind == task_pb2.CLOZE and item.stem.count(GAP) != 1:
        raise Refused("no single gap", f"the stem has exactly one gap, written {GAP}.")
    best = given.right[0].strip() if given.right else ""
    if not best or len(best) > LONGEST_WORDED_KEY:
        raise Refused(
            "no single key", f"right starts with an answer of at most {LONGEST_WORDED_KEY} characters."
        )
    if best.casefold() not in proof.citation.quote.casefold():
        raise Refused("key not in quote", "the answer stands in the quote.")
    if best.casefold() in item.stem.casefold():
        raise Refused("key visible in stem", "the stem gives its answer away.")
    item.key.texts.extend(dict.fromkeys(text.strip() for text in given.right))


def _numeric(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    number = given.number
    if number is None or number not in _numbers(proof.citation.quote):
        raise Refused("key not in quote", "number is set, and stands in the quote.")
    if number in _numbers(item.stem):
        raise Refused("key visible in stem", "the stem gives its answer away.")
    if given.unit and given.unit not in proof.passage:
        raise Refused("key not in quote", "its unit is written as in the text.")
    item.key.number = number
    item.key.tolerance = abs(number) * 0.01 if number != int(number) else 0.0
    item.key.unit = given.unit


def _formula(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    best = re.sub(r"\s", "", given.right[0]) if given.right else ""
    if not best or best not in re.sub(r"\s", "", proof.citation.quote):
        raise Refused("key not in quote", "right holds the formula as the quote writes it.")
    item.key.texts.extend(dict.fromkeys(text.strip() for text in given.right))


def _ordering(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    _check_set(given.right)
    if any(support(text, [proof.passage]) < LEAST_SUPPORT for text in given.right):
        raise Refused("option not in source", "every step stands in the text.")
    _add_options(item, given.right, [], random)
    ids = {option.text: option.option_id for option in item.options}
    del item.key.option_ids[:]
    item.key.option_ids.extend(ids[text] for text in given.right)


def _matching(item: task_pb2.Item, given: QuestionReply, proof: Proof, random: Random) -> None:
    _check_set(given.right)
    _check_set(given.matches)
    if len(given.right) != len(given.matches):
        raise Refused("no single key", "right and matches are as long as each other, pair by pair.")
    for number, text in enumerate(given.right):
        item.options.add(option_id=_id(number), text=text)
    for number, place in enumerate(random.sample(range(len(given.matches)), len(given.matches))):
        item.matches.add(option_id=f"m{number + 1}", text=given.matches[place])
        item.key.matches.add(option_id=_id(place), match_id=f"m{number + 1}")


KEYS: Mapping[task_pb2.QuestionKind.ValueType, Key] = {
    task_pb2.SINGLE_CHOICE: _choice,
    task_pb2.MULTIPLE_CHOICE: _choices,
    task_pb2.TRUE_FALSE: _true_false,
    task_pb2.CLOZE: _worded,
    task_pb2.SHORT_ANSWER: _worded,
    task_pb2.NUMERIC: _numeric,
    task_pb2.ALGEBRAIC: _formula,
    task_pb2.ORDERING: _ordering,
    task_pb2.MATCHING: _matching,
    task_pb2.FIND_ERROR: _find_error,
}


def _check_options(given: QuestionReply) -> None:
    if not given.right or not given.wrong:
        raise Refused("no single key", "right and wrong both hold options.")
    _check_set([*given.right, *given.wrong])


def _check_set(texts: Sequence[str]) -> None:
    if not FEWEST_OPTIONS <= len(texts) <= MOST_OPTIONS:
        raise Refused("too few options", f"there are {FEWEST_OPTIONS} to {MOST_OPTIONS} options.")
    if len({" ".join(text.casefold().split()).strip(" .") for text in texts}) < len(texts):
        raise Refused("option overlap", "no two options are the same.")


def _check_key(item: task_pb2.Item, text: str, proof: Proof) -> None:
    if text.casefold() in item.stem.casefold():
        raise Refused("key visible in stem", "the stem gives its answer away.")
    if support(text, [proof.passage]) < LEAST_SUPPORT:
        raise Refused("key not in source", "the right option says what the text does not.")


def _add_options(item: task_pb2.Item, right: Sequence[str], wrong: Sequence[str], random: Random) -> None:
    texts = [*right, *wrong]
    random.shuffle(texts)
    for number, text in enumerate(texts):
        item.options.add(option_id=_id(number), text=text.strip())
        if text in right:
            item.key.option_ids.append(_id(number))


def _id(number: int) -> str:
    return chr(ord("a") + number)


def _numbers(text: str) -> set[float]:
    found = (re.sub(r"[,  ](?=\d{3})", "", number).replace("−", "-") for number in _NUMBER.findall(text))
    return {float(number) for number in found}
