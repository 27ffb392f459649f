"""Grades responses. Each kind of question has one rule; each rule gives a credit from 0 to 1."""

import re
from collections.abc import Callable, Mapping

import snowballstemmer
from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2

from services.quiz import expression, numbers

Rule = Callable[[task_pb2.Item, quiz_pb2.QuestionResponse], float]
ARTICLES = {"a", "an", "the"}


def grade(
    question_id: str, item: task_pb2.Item, response: quiz_pb2.QuestionResponse | None
) -> quiz_pb2.QuestionResult:
    """The result of one question; a question left out is wrong."""
    credit = 0.0 if response is None else RULES[item.kind](item, response)
    result = quiz_pb2.QuestionResult(
        question_id=question_id,
        correct=credit == 1.0,
        credit=credit,
        correct_answer=answer_in_words(item),
        key=item.key,
        explanation=item.explanation,
        citations=[item.citation],
    )
    if response is not None:
        result.response.CopyFrom(response)
    return result


def _one_choice(item: task_pb2.Item, response: quiz_pb2.QuestionResponse) -> float:
    return float(list(response.option_ids) == list(item.key.option_ids))


def _several_choices(item: task_pb2.Item, response: quiz_pb2.QuestionResponse) -> float:
    """Right choices less wrong ones, as a share of the right ones; never below zero."""
    key, chosen = set(item.key.option_ids), set(response.option_ids)
    return max(0.0, (len(chosen & key) - len(chosen - key)) / len(key))


def _order(item: task_pb2.Item, response: quiz_pb2.QuestionResponse) -> float:
    """Share of pairs that stand in the right order (Kendall's tau distance, scaled to 0..1)."""
    key, given = list(item.key.option_ids), list(response.option_ids)
    if sorted(key) != sorted(given):
        return 0.0
    place = [key.index(option) for option in given]
    pairs = [(i, j) for j in range(len(place)) for i in range(j)]
    return sum(place[i] < place[j] for i, j in pairs) / len(pairs) if pairs else 1.0


def _matching(item: task_pb2.Item, response: quiz_pb2.QuestionResponse) -> float:
    key = {pair.option_id: pair.match_id for pair in item.key.matches}
    given = {pair.option_id: pair.match_id for pair in response.matches}
    return sum(given.get(option) == match for option, match in key.items()) / len(key)


def _words(item: task_pb2.Item, response: quiz_pb2.QuestionResponse) -> float:
    """Equal after folding case, articles, punctuation and word endings."""
    given = _folded(response.text)
    return float(bool(given) and any(given == _folded(text) for text in item.key.texts))


def _folded(text: str) -> str:
    words = re.findall(r"\w+", text.casefold())
    stemmer = snowballstemmer.stemmer("english")
    return " ".join(stemmer.stemWords([word for word in words if word not in ARTICLES]))


def _number(item: task_pb2.Item, response: quiz_pb2.QuestionResponse) -> float:
    given = numbers.read(response.text)
    if given is None or not numbers.same_unit(given.unit, item.key.unit):
        return 0.0
    slack = max(item.key.tolerance, 1e-9 * abs(item.key.number))
    return float(abs(given.value - item.key.number) <= slack)


def _formula(item: task_pb2.Item, response: quiz_pb2.QuestionResponse) -> float:
    """Equal as algebra, however it is written."""
    try:
        given = expression.parse(response.text)
        keys = [expression.parse(text) for text in item.key.texts]
    except expression.UnreadableFormula:
        return _words(item, response)
    return float(any(expression.equal(given, key) for key in keys))


RULES: Mapping[task_pb2.QuestionKind.ValueType, Rule] = {
    task_pb2.SINGLE_CHOICE: _one_choice,
    task_pb2.TRUE_FALSE: _one_choice,
    task_pb2.FIND_ERROR: _one_choice,
    task_pb2.MULTIPLE_CHOICE: _several_choices,
    task_pb2.ORDERING: _order,
    task_pb2.MATCHING: _matching,
    task_pb2.CLOZE: _words,
    task_pb2.SHORT_ANSWER: _words,
    task_pb2.NUMERIC: _number,
    task_pb2.ALGEBRAIC: _formula,
}


def answer_in_words(item: task_pb2.Item) -> str:
    """The right answer as a person would say it."""
    options = {option.option_id: option.text for option in item.options}
    matches = {match.option_id: match.text for match in item.matches}
    key = item.key
    match item.kind:
        case task_pb2.ORDERING:
            return " → ".join(options[option] for option in key.option_ids)
        case task_pb2.MATCHING:
            return "; ".join(f"{options[pair.option_id]} – {matches[pair.match_id]}" for pair in key.matches)
        case task_pb2.NUMERIC:
            return f"{key.number:g} {key.unit}".strip()
        case task_pb2.CLOZE | task_pb2.SHORT_ANSWER | task_pb2.ALGEBRAIC:
            return key.texts[0] if key.texts else ""
    return "; ".join(options[option] for option in key.option_ids)
