"""Words and their opposites, as far as one may stand in the place of the other."""

import re
from types import MappingProxyType

from services.llm.extractive.closed_classes import words
from services.llm.extractive.questions.wording import is_plural_noun

_PAIRS = (
    "increases decreases, increase decrease, increased decreased, increasing decreasing, higher lower, highest lowest, "
    "greater smaller, greatest smallest, larger smaller, largest smallest, faster slower, stronger weaker, "
    "strong weak, positive negative, positively negatively, internal external, inside outside, above below, "
    "always never, most least, maximum minimum, gains loses, gain lose, absorbs releases, absorb release, "
    "attract repel, attracts repels, early late, earlier later, longer shorter, without with, hot cold, warm cool, "
    "rises falls, rise fall, acidic basic, soluble insoluble, stable unstable, equal unequal, similar different, "
    "possible impossible, likely unlikely, necessary unnecessary, valid invalid, true false, directly inversely, "
    "parallel perpendicular, expands contracts, accept reject, accepts rejects, active passive, public private, "
    "rich poor, rare common, rarely frequently, permanent temporary, heavier lighter, upper lower, open closed, "
    "aerobic anaerobic, dominant recessive, independent dependent, voluntary involuntary, formal informal, "
    "legal illegal, domestic foreign, import export, imports exports, buyers sellers, "
    "supply demand, majority minority, "
    "strengthens weakens, strengthen weaken, expand contract, encourage discourage, encourages discourages, "
    "ancient modern, northern southern, eastern western, cheaper dearer, thicker thinner, deeper shallower, fewer more"
)
_OPPOSITE = MappingProxyType(
    {
        word: opposite
        for pair in _PAIRS.split(", ")
        for word, opposite in (tuple(pair.split()), tuple(reversed(pair.split())))
    }
)
# Words whose opposite often fits badly or leaves the statement true.
_ONE_WAY = words("with most common lower more different")


def opposite_of(word: str, after: str) -> str:
    """The opposite of a lower-case word before `after`; empty where it has none that fits there."""
    if after.startswith((" (", "-", "’", "'")) or (word == "similar" and after.startswith(" to")):
        return ""
    if word in ("more", "less"):
        return _of_amount(word, after)
    return "" if word in _ONE_WAY else _OPPOSITE.get(word, "")


def _of_amount(word: str, after: str) -> str:
    if word == "less":
        return "more"
    following = re.match(r" ([a-z]+)(?: ([a-z]+))?", after)
    counted = following is not None and any(is_plural_noun(word) for word in following.groups() if word)
    return "fewer" if counted else "less" if not after.startswith(" or ") else ""
