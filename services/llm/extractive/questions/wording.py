"""English wording of stems and options: articles, number, capitals, clean phrases."""

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType

from services.llm.extractive.inflection import singular as singular_noun

_EMPTY_BRACKETS = re.compile(r"\s*[(\[]\s*[,;.]*\s*[)\]]")
_REFERENCE_BRACKETS = re.compile(
    r"\s+\((?:see|as shown|shown|cf\.?|e\.g\., see)?\s*(?:also\s+)?(?:figures?|fig\.|tables?|section|chapter"
    r"|equation|eq\.|link|[a-d])\b[^()]*\)",
    re.IGNORECASE,
)
_SOURCE_BRACKETS = re.compile(
    r"\s+\((?:[^()]*\b(?:1[5-9]|20)\d\d\b[^()]*|\d[\d,;–\s-]*|[^()]*\bBCE?\b[^()]*)\)"
)
_ASIDE = re.compile(
    r",? ?(?:for example|for instance|of course|in contrast|by contrast|on the other hand|in turn|in other words"
    r"|in fact),(?= )|"
    r", (?:however|therefore|thus|moreover|then),(?= )",
    re.IGNORECASE,
)
_SPACE_BEFORE_MARK = re.compile(r"\s+([,.;:!?])")
_SPACES = re.compile(r"\s+")

_IRREGULAR_PLURALS = MappingProxyType(
    {
        "man": "men", "woman": "women", "child": "children", "person": "people", "tooth": "teeth", "foot": "feet",
        "mouse": "mice", "phenomenon": "phenomena", "criterion": "criteria", "nucleus": "nuclei",
        "bacterium": "bacteria", "stratum": "strata", "medium": "media", "datum": "data", "index": "indices",
        "vertex": "vertices", "stimulus": "stimuli", "alga": "algae", "larva": "larvae", "fungus": "fungi",
        "locus": "loci", "radius": "radii", "ovum": "ova", "mitochondrion": "mitochondria", "thrombus": "thrombi",
        "embolus": "emboli", "life": "lives", "leaf": "leaves", "half": "halves",
    }
)  # fmt: skip
_PLURAL_FORMS = frozenset(_IRREGULAR_PLURALS.values())
_VOWEL_SOUND = re.compile(
    r"(?!(?:uni|use|usu|eu|one\b|once|ubi|ur[aiou]n|ute|uto))[aeiou]|hour|honest|heir|[FHLMNRSX](?=[A-Z])"
)


def cleaned(phrase: str) -> str:
    """`phrase` without empty or merely referring brackets, doubled spaces and spaces before marks."""
    text = _EMPTY_BRACKETS.sub("", _REFERENCE_BRACKETS.sub("", phrase))
    text = _SOURCE_BRACKETS.sub("", text)
    text = _ASIDE.sub("", text)
    return _SPACE_BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text)).strip()


def without_article(phrase: str) -> str:
    """`phrase` without an article at its start."""
    return re.sub(r"^(?:an?|the)\s+", "", phrase, flags=re.IGNORECASE)


def indefinite(phrase: str) -> str:
    """`phrase` with the article a or an that its first sound asks for."""
    return f"{'an' if begins_with_vowel_sound(phrase) else 'a'} {phrase}"


def begins_with_vowel_sound(phrase: str) -> bool:
    """Whether the article before `phrase` is an."""
    return bool(_VOWEL_SOUND.match(phrase)) or bool(_VOWEL_SOUND.match(phrase.lower()))


def with_capital(text: str) -> str:
    """`text` with its first letter, after quotation marks, in upper case; `pH` and the like stay as they are."""
    if re.match(r"[a-z][A-Z]", text):
        return text
    return re.sub(r"^([“\"'(]*)([^\W\d_])", lambda m: m[1] + m[2].upper(), text, count=1)


def with_small_letter(text: str) -> str:
    """`text` with its first letter in lower case unless its first word is an acronym or the pronoun I."""
    first = re.match(r"[^\W_]+", text)
    if first is None or first[0] == "I" or (len(first[0]) > 1 and first[0][1:] != first[0][1:].lower()):
        return text
    return text[0].lower() + text[1:]


def head_word(phrase: str) -> str:
    """The word that a noun phrase is about: the last before a preposition, in lower case."""
    before = re.split(
        r"\s+(?:of|in|for|with|without|to|from|by|on|at|that|which|who|between|per)\s+", phrase
    )[0]
    words = re.findall(r"[^\W\d_][\w'’-]*", re.sub(r"\(.*?\)", "", before))
    return words[-1].lower() if words else ""


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase is in the plural, by its head word."""
    return is_plural_noun(head_word(phrase))


def is_plural_noun(word: str) -> bool:
    """Whether a lower-case noun is in the plural."""
    return word in _PLURAL_FORMS or (singular_noun(word) != word and not word.endswith("ics"))


def plural(phrase: str) -> str:
    """The noun phrase `phrase` in the plural."""
    return phrase if is_plural(phrase) else _with_head(phrase, plural_noun)


def singular(phrase: str) -> str:
    """The noun phrase `phrase` in the singular."""
    return _with_head(phrase, lambda head: singular_noun(head.lower())) if is_plural(phrase) else phrase


def plural_noun(word: str) -> str:
    """The plural of an English noun."""
    if word.lower() in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[word.lower()]
    if re.search(r"(?:[^aeiou])y$", word):
        return word[:-1] + "ies"
    if word.endswith("sis"):
        return word[:-2] + "es"
    return word + ("es" if re.search(r"(?:s|x|z|ch|sh)$", word) else "s")


def words_of(text: str) -> list[str]:
    """Words and numbers of `text` in lower case."""
    return re.findall(r"[^\W_]+(?:[’'-][^\W_]+)*", text.lower())


def word_count(text: str) -> int:
    """How many words and numbers `text` has."""
    return len(words_of(text))


def joined(names: Sequence[str]) -> str:
    """Names with commas and an `and` before the last."""
    if len(names) < 2:
        return names[0] if names else ""
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def quoted(text: str) -> str:
    """`text` within quotation marks, those within it made single."""
    inner = text.replace("“", "‘").replace("”", "’")
    return "“" + re.sub(r'"([^"]*)"', r"‘\1’", inner) + "”"


def _with_head(phrase: str, change: Callable[[str], str]) -> str:
    head = head_word(phrase)
    match = re.search(rf"\b{re.escape(head)}\b", phrase, re.IGNORECASE) if head else None
    if match is None:
        return phrase
    return phrase[: match.start()] + change(match[0]) + phrase[match.end() :]
