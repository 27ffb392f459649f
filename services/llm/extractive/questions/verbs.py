"""Which words can be the finite verb of a sentence, and with which number of subject they agree."""

from collections.abc import Callable, Sequence
from enum import Enum

from services.llm.extractive.closed_classes import COMMON_VERBS, MODALS
from services.llm.extractive.tokens import Token

# A word whose forms in -ing and in -ed are both at least this common (Zipf) is a verb among other things.
_FORM_ZIPF = 2.6


class Agreement(Enum):
    """The number of the subject that a verb form asks for."""

    SINGULAR = "singular"
    PLURAL = "plural"
    ANY = "any"


_SINGULAR_FORMS = frozenset(("is", "was", "has", "does", "isn't", "doesn't", "wasn't"))
_PLURAL_FORMS = frozenset(("are", "were", "have", "do", "aren't", "don't", "weren't"))
_NOT_FINITE = frozenset(("be", "been", "being", "having", "doing", "to", "done", "had"))


def finite_verb(tokens: Sequence[Token], i: int, zipf: Callable[[str], float]) -> Agreement | None:
    """How the finite verb at `tokens[i]` agrees, None where that word is no finite verb."""
    if i >= len(tokens) or not tokens[i].is_word:
        return None
    word = tokens[i].lower
    if word in _SINGULAR_FORMS:
        return Agreement.SINGULAR
    if word in _PLURAL_FORMS:
        return Agreement.PLURAL
    if word in MODALS and word != "to":
        return Agreement.ANY
    if word in _NOT_FINITE or tokens[i].tag in ("DET", "ADP", "CONJ", "PRON", "NUM", "ADV", "ING"):
        return None
    if tokens[i].tag == "ADJ" and (i + 1 >= len(tokens) or tokens[i + 1].tag != "DET"):
        return None
    return _lexical(word, zipf)


def _lexical(word: str, zipf: Callable[[str], float]) -> Agreement | None:
    if word.endswith("s") and not word.endswith("ss"):
        return Agreement.SINGULAR if any(is_verb(base, zipf) for base in _bases(word)) else None
    if word.endswith("ed"):
        return Agreement.ANY
    return Agreement.PLURAL if is_verb(word, zipf) else None


def is_verb(base: str, zipf: Callable[[str], float]) -> bool:
    """Whether a base form is a verb: it has known forms in -ing and -ed, or is on the list of common verbs."""
    if base in COMMON_VERBS:
        return True
    return (
        _most(zipf, _with_ending(base, "ing")) >= _FORM_ZIPF
        and _most(zipf, _with_ending(base, "ed")) >= _FORM_ZIPF
    )


def _most(zipf: Callable[[str], float], forms: Sequence[str]) -> float:
    return max(zipf(form) for form in forms)


def _bases(word: str) -> tuple[str, ...]:
    if word.endswith("ies"):
        return (word[:-3] + "y",)
    return (word[:-1], word[:-2]) if word.endswith("es") else (word[:-1],)


def _with_ending(base: str, ending: str) -> tuple[str, ...]:
    if base.endswith("e"):
        return (base[:-1] + ending,)
    if base.endswith("y") and ending == "ed":
        return (base[:-1] + "ied", base + "ed")
    return (base + ending, base + base[-1:] + ending)
