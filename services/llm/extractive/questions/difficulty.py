"""How hard an item is."""

from types import MappingProxyType

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.term_index import Term
from services.llm.extractive.questions.wording import word_count

# How hard a kind is by itself: to recognise is easier than to recall, to arrange and to work out are harder.
_OF_KIND = MappingProxyType(
    {
        task_pb2.TRUE_FALSE: 0.15,
        task_pb2.SINGLE_CHOICE: 0.30,
        task_pb2.MATCHING: 0.40,
        task_pb2.MULTIPLE_CHOICE: 0.45,
        task_pb2.ORDERING: 0.50,
        task_pb2.CLOZE: 0.50,
        task_pb2.FIND_ERROR: 0.55,
        task_pb2.SHORT_ANSWER: 0.55,
        task_pb2.NUMERIC: 0.60,
        task_pb2.ALGEBRAIC: 0.70,
    }
)
# Words rarer than this (Zipf) add nothing more; words commoner than 6 add nothing at all.
_RAREST_ZIPF = 1.5
_COMMONEST_ZIPF = 6.0


def difficulty(item: Item, term: Term | None, reading: Reading) -> float:
    """0 for the easiest to 1: by kind, rarity of the asked name, depth of the concept, and length of what is read."""
    rarity = _rarity(term.name, reading) if term is not None else 0.5
    depth = {0: 0.5, 1: 0.0, 2: 0.5, 3: 1.0}[min(3, term.depth)] if term is not None else 0.5
    length = min(1.0, word_count(item.stem + " ".join(option.text for option in item.options)) / 80)
    return round(min(1.0, _OF_KIND[item.kind] + 0.18 * rarity + 0.10 * depth + 0.12 * length), 3)


def _rarity(name: str, reading: Reading) -> float:
    zipf = min((token.zipf for token in reading.tokens_of(name) if token.is_word), default=_COMMONEST_ZIPF)
    share = (_COMMONEST_ZIPF - max(zipf, _RAREST_ZIPF)) / (_COMMONEST_ZIPF - _RAREST_ZIPF)
    return min(1.0, max(0.0, share))
