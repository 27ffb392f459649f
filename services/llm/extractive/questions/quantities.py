"""Numbers that a document states, with their units, and other numbers that could stand in their place."""

import re
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import without_connective
from services.llm.extractive.questions.wording import cleaned

# The term of a quantity in a sentence that mentions none.
NO_TERM = -1

_NUMBER = re.compile(
    r"(?<![\w.,–/^-])(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w/^⁰¹²³⁴⁵⁶⁷⁸⁹⁻]|[.,]\d|[–-]\d|\s?[–-]\s?\d)"
    r"(?P<unit>\s?(?:%|°\s?[CF]?|percent\b|million\b|billion\b|thousand\b)|\s(?:[kcmµμnMG]?(?:m|g|l|L|s|Hz|J|W|V|A|N|Pa|mol|K|eV|cal|Da)\b(?:/[a-zA-Z³²]+)?))?"
    r"|\b(?P<word>two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b",
)
_WORD_VALUES = MappingProxyType(
    {
        "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
        "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
        "seventy": 70, "eighty": 80, "ninety": 90,
    }
)  # fmt: skip
_WORDS = tuple(_WORD_VALUES)
_COUNTED_NOUN = re.compile(r"[\s-]+(?:[a-z-]+ )?(?P<noun>[a-z]{3,})")
_RANGE = re.compile(
    r"\d ?[–−-] ?\d|\d(?: [\w°/]+)? (?:to|or|and|versus) (?:about )?\d|\bbetween (?:about )?\d"
)
_DAY = re.compile(
    r" (?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_NOT_ASKED = re.compile(
    r"(?:\b(?:[Pp]remise|[Rr]ule|[Ll]evel|[Ff]actors?|[Ii]tem|[Qq]uestion|[Vv]olume|numbers|values?|[Tt]ypes?)|type"
    r"|phase|stage|step|group|class|grade|chapter|figure|table|no\.|number|part|day|ex|of the|these|those|the other"
    r"|in|or|to|into|versus) $",
    re.I,
)
_POINTING_COUNT = re.compile(
    r"\b(?:the|these|those|all|its|their|either|between|of|other|into|or|one or|in) $", re.I
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a sentence: characters `start` to `end` of `text`, the sentence without joining words.

    `written` is the number as written, `unit` what follows it in the sentence and belongs to it.
    """

    term: int
    text: str
    start: int
    end: int
    written: str
    value: float
    unit: str
    sentence: Sentence

    @property
    def is_word(self) -> bool:
        """Whether the number is written as a word."""
        return self.written.isalpha()

    @property
    def is_year(self) -> bool:
        """Whether it looks like a year."""
        return bool(re.fullmatch(r"1[0-9]{3}|20[0-9]{2}", self.written)) and not self.unit

    @property
    def decimals(self) -> int:
        """Digits after the decimal point."""
        return len(self.written.partition(".")[2])


def quantities(reading: Reading) -> list[Quantity]:
    """The number of every sentence that stands alone and holds one number to ask for."""
    found = []
    for sentence in reading.askable:
        mentions = reading.mentions(sentence)
        quantity = _quantity(reading, sentence, mentions[0].term if mentions else NO_TERM)
        if quantity is not None:
            found.append(quantity)
    return found


def _quantity(reading: Reading, sentence: Sentence, term: int) -> Quantity | None:
    text = cleaned(without_connective(sentence.text))
    if re.match(r"(?:if|to|when|suppose)\b", text, re.IGNORECASE):
        return None
    matches = list(_NUMBER.finditer(text))
    digits = [m for m in matches if m["digits"]]
    chosen = digits or matches
    if not 1 <= len(chosen) <= 2 or len(matches) > 3 or _RANGE.search(text):
        return None
    match = chosen[0]
    before = text[: match.start()]
    if (match["word"] and _POINTING_COUNT.search(before)) or _NOT_ASKED.search(before):
        return None
    if _DAY.match(text, match.end()) or text[match.end() :].lstrip().startswith("="):
        return None
    if match["word"] and not _COUNTED_NOUN.match(text, match.end()):
        return None
    written = match["digits"] or match["word"]
    end = match.start() + len(written)
    value = float(_WORD_VALUES[written]) if match["word"] else float(written.replace(",", ""))
    return Quantity(term, text, match.start(), end, written, value, _unit(match, text, end), sentence)


def _unit(match: re.Match[str], text: str, end: int) -> str:
    if match["digits"] and match["unit"]:
        return match["unit"].strip()
    noun = _COUNTED_NOUN.match(text, end)
    plural_noun = noun is not None and noun["noun"].endswith("s")
    return noun["noun"] if noun is not None and plural_noun else ""


def other_numbers(quantity: Quantity, elsewhere: list[Quantity], random: Random) -> list[str]:
    """Numbers written in the same way that could stand there, other numbers of the document with the same unit first.

    None of them stands in the sentence itself.
    """
    same = [q.written for q in elsewhere if q.unit and q.unit == quantity.unit and _same_style(q, quantity)]
    taken = set(re.findall(r"[\d.,]*\d|[a-z]+", quantity.text.lower()))
    candidates = list(dict.fromkeys(same)) + _made_up(quantity, random)
    return [c for c in dict.fromkeys(candidates) if c.lower() not in taken and _plausible(quantity, c)]


def _same_style(a: Quantity, b: Quantity) -> bool:
    return (
        a.is_word == b.is_word and a.decimals == b.decimals and 0.05 <= (a.value or 1) / (b.value or 1) <= 20
    )


def _made_up(quantity: Quantity, random: Random) -> list[str]:
    if quantity.is_word:
        position = _WORDS.index(quantity.written)
        near = [
            _WORDS[i] for i in range(max(0, position - 3), min(len(_WORDS), position + 4)) if i != position
        ]
        random.shuffle(near)
        return near
    if quantity.is_year:
        shifts = random.sample([-48, -37, -26, -18, -11, 9, 14, 23, 32, 45], 6)
        return [str(int(quantity.value) + shift) for shift in shifts]
    factors = random.sample([0.2, 0.4, 0.5, 0.6, 0.75, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0], 10)
    steps = (
        random.sample([-4, -3, -2, -1, 1, 2, 3, 4], 8)
        if quantity.value <= 12 and not quantity.decimals
        else []
    )
    values = [quantity.value + step for step in steps] or [quantity.value * factor for factor in factors]
    return [_in_style(quantity, value) for value in values if value > 0]


def _in_style(quantity: Quantity, value: float) -> str:
    """`value` rounded to the digits that the number itself shows."""
    significant = (
        len(
            quantity.written.replace(",", "")
            .replace(".", "")
            .lstrip("0")
            .rstrip("0" if not quantity.decimals else "")
        )
        or 1
    )
    rounded = float(f"{value:.{max(1, min(significant, 4))}g}")
    text = f"{rounded:,.{quantity.decimals}f}"
    return (
        text
        if "," in quantity.written or (value >= 10_000 and not quantity.is_year)
        else text.replace(",", "")
    )


def _plausible(quantity: Quantity, written: str) -> bool:
    if quantity.is_word:
        return True
    value = float(written.replace(",", ""))
    percent = quantity.unit in ("%", "percent")
    return value != quantity.value and value > 0 and (not percent or value < 100 or quantity.value >= 100)
