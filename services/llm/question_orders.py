"""Who is asked for which questions: one order for each question to a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import QuestionKind

from services.llm.splitting import Part

MOST_IN_ORDER = 15
# More are asked for than wanted, as the gate and the search for duplicates drop some.
MARGIN = 1.25
ALL_KINDS = tuple(kind for kind in QuestionKind.values() if kind != task_pb2.QUESTION_KIND_UNSPECIFIED)


@dataclass(frozen=True)
class Order:
    """So many questions of these kinds on this part."""

    part: Part
    count: int
    kinds: tuple[QuestionKind.ValueType, ...]


def orders(
    parts: Sequence[Part], question_count: int, kinds: Sequence[QuestionKind.ValueType]
) -> list[Order]:
    """Orders for all parts, by their length. Where one part takes several, each asks for other kinds."""
    wanted = [kind for kind in dict.fromkeys(kinds) if kind in ALL_KINDS] or list(ALL_KINDS)
    made: list[Order] = []
    for part, share in zip(parts, shares(parts), strict=True):
        count = max(1, ceil(question_count * MARGIN * share))
        number = ceil(count / MOST_IN_ORDER)
        for place in range(number):
            own = tuple(wanted[place::number]) or (wanted[place % len(wanted)],)
            made.append(Order(part, ceil(count / number), own))
    return made


def shares(parts: Sequence[Part]) -> list[float]:
    """How much of the text each part holds, 0 to 1."""
    total = sum(part.tokens for part in parts) or 1
    return [part.tokens / total for part in parts]
