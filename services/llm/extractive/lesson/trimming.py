"""Short texts for the screen: cut where a phrase ends, or not at all."""

import re

from services.llm.extractive.questions.standalone import unbalanced
from services.llm.extractive.questions.wording import cleaned, with_capital, word_count

POINT_WORDS = 12
# A point that has no place to be cut may be this long.
LONGEST_POINT_WORDS = 16

_STRONG = re.compile(
    r"; |: | — |—|, (?=(?:and|but|so|which|who|where|because|while|whereas|although|as|with|including|such|or|thus"
    r"|usually|often)\b)|, "
)
_CLAUSE = re.compile(
    r" (?=(?:that|which|who|whose|because|when|where|while|whereas|although|if|unless|until|so that|in which"
    r"|as well as)\b)"
)
_PHRASE = re.compile(
    r" (?=(?:by|with|without|during|through|between|from|after|before|using|under|against|among|along|across|into"
    r"|within)\b)"
)
_DANGLING = re.compile(
    r"\s+(?:a|an|the|of|in|on|at|to|for|by|with|from|into|through|under|between|during|within|among|over|against|without|and|or|but|nor|as|than|that|which|who|is|are|was|were|be|been|can|may|will|not|"
    r"its|their|his|her|this|these|those|such|each|every|some|any|no|more|most|very|also|between|both|either|has|have|had|"
    r"usually|often|typically|called|known|rather|including|because|when|where|while|if)$",
    re.IGNORECASE,
)

# A prefix that ends so leaves a clause open.
_OPEN_CLAUSE = re.compile(
    r", (?:when|if|while|because|after|before)\b[^,]*$|\b\w{3,}(?:ed|ing)$", re.IGNORECASE
)


def short_point(text: str, most: int = POINT_WORDS) -> str | None:
    """`text` with at most `most` words, cut where a clause or a phrase ends; None where it has no such place.

    A text a little too long that cannot be cut is kept whole.
    """
    plain = re.sub(r"\s*\([^()]*\)", "", cleaned(text)).strip(" .;:,")
    if word_count(plain) <= most:
        return with_capital(plain) if word_count(plain) and not unbalanced(plain) else None
    for places in (_STRONG, _CLAUSE, _PHRASE):
        cut = _longest_prefix(plain, places, most)
        if cut is not None:
            return with_capital(cut)
    return with_capital(plain) if word_count(plain) <= LONGEST_POINT_WORDS else None


def _longest_prefix(text: str, places: re.Pattern[str], most: int) -> str | None:
    best = None
    for match in places.finditer(text):
        prefix = text[: match.start()].strip(" ,;:—")
        whole = not (
            unbalanced(prefix)
            or _DANGLING.search(prefix)
            or _OPEN_CLAUSE.search(prefix)
            or _opens_list(text, match)
        )
        if 4 <= word_count(prefix) <= most and whole:
            best = prefix
    return best


def _opens_list(text: str, match: re.Match[str]) -> bool:
    """Whether a comma parts things of one list, which must not be torn apart."""
    if not match[0].startswith(","):
        return False
    rest = text[match.end() :]
    return bool(re.match(r"(?:and |or )?[\w’' -]{2,30}(?:,| and | or |$)", rest)) and bool(
        re.search(r"\b(?:and|or)\b", rest[:80])
    )
