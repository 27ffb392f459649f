"""Text for the ear: what is written in a document as it is said aloud."""

import re
from collections.abc import Sequence
from types import MappingProxyType

from services.llm.extractive.questions.expression_text import GREEK
from services.llm.extractive.questions.wording import cleaned, with_capital, word_count

# Measured on 282 scenes of lessons as the built-in voice says them: seconds for each letter or space, and for each
# sentence with the silence behind it; digits are said as words. Scenes then differ by 0.9 s (rms).
SECONDS_PER_LETTER = 0.0673
SECONDS_PER_SENTENCE = 0.70
LETTERS_OF_A_DIGIT = 7
# A sentence longer than this is parted where it can be.
LONGEST_SENTENCE = 24

_UNITS = MappingProxyType(
    {
        "m/s": "metres per second", "km/s": "kilometres per second", "km/h": "kilometres per hour", "Hz": "hertz",
        "kHz": "kilohertz", "MHz": "megahertz", "kg": "kilograms", "km": "kilometres", "cm": "centimetres",
        "mm": "millimetres", "m": "metres", "g": "grams", "mg": "milligrams", "mL": "millilitres",
        "ms": "milliseconds",
        "s": "seconds", "dB": "decibels", "N": "newtons", "W": "watts", "Pa": "pascals", "J": "joules", "V": "volts",
        "W/m²": "watts per square metre", "kg/m³": "kilograms per cubic metre", "µm": "micrometres",
        "μm": "micrometres",
        "nm": "nanometres", "°C": "degrees Celsius", "° C": "degrees Celsius", "°F": "degrees Fahrenheit",
        "%": "percent", "g/dL": "grams per decilitre",
    }
)  # fmt: skip
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_POWER = re.compile(r"(?<=10)(?P<minus>⁻?)(?P<digits>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_UNIT = re.compile(
    r"(?<=\d)\s?(" + "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True)) + r")(?![\w/])"
)
_SYMBOLS = (
    (re.compile(r"\s*\([^()]*\)"), ""),
    (re.compile(r"\s*\[[^\[\]]*\]"), ""),
    (re.compile(r"(?<=[A-Z\d])\+(?=[\s.,;:)]|$)"), " plus"),
    (re.compile(r"(?<=[A-Z])[–−](?=[\s.,;:)]|$)"), " minus"),
    (re.compile(r"(?<=\d)\s?[–−-]\s?(?=\d)"), " to "),
    (re.compile(r"\s*[—–]\s*"), ", "),
    (re.compile(r"\be\.g\.,?"), "for example"),
    (re.compile(r"\bi\.e\.,?"), "that is"),
    (re.compile(r"\betc\."), "and so on."),
    (re.compile(r"\bvs\.?(?=\s)"), "versus"),
    (re.compile(r"\s*=\s*"), " equals "),
    (re.compile(r"\s*×\s*"), " times "),
    (re.compile(r"\band/or\b"), "or"),
    (re.compile(r"(?<=\b\w)/(?=\w\b)"), " over "),
    (re.compile(r"(?<=\w)/(?=\w)"), " or "),
    (re.compile(r"&"), "and"),
    (re.compile(r"[“”\"«»]"), ""),
    (re.compile(r"[‘](?=\w)|(?<=\w)[’](?=[\s,.;:]|$)(?<!s’)"), ""),
    (re.compile(r"[*_^~{}<>|\\]"), " "),
)
_PARTINGS = (
    (re.compile(r";\s+"), ""),
    (re.compile(r":\s+(?=[^.]*\b(?:is|are|was|were|has|have|can|will|does|do|may)\b)"), ""),
    (re.compile(r",\s+but\s+(?=(?:it|they|the|a|an|in|this|not|some|many|most)\b)"), "But "),
    (re.compile(r",\s+(?:so|and so)\s+(?=(?:it|they|the|a|an|that)\b)"), "So "),
    (
        re.compile(r",\s+(?:whereas|while|although)\s+(?=(?:the|a|an|in|its|those|others?)\b)"),
        "By contrast, ",
    ),
    (re.compile(r",\s+and\s+(?=(?:it|they|the|its|their|this|these|when|if|in)\b)"), "And "),
)


def spoken(text: str) -> list[str]:
    """`text` as short sentences to be said: no brackets, quotation marks, dashes or symbols; long ones parted."""
    plain = cleaned(text)
    plain = _UNIT.sub(_said_unit, _POWER.sub(_said_power, plain))
    for pattern, said in _SYMBOLS:
        plain = pattern.sub(said, plain)
    plain = "".join(f" {GREEK[c]} " if c in GREEK else c for c in plain)
    plain = re.sub(r"\s+([,.;:?!])", r"\1", re.sub(r"\s+", " ", plain)).strip(" ,;:")
    plain = re.sub(r",\s*([.?!,;:])", r"\1", plain)
    return [_finished(part) for part in _parted(plain) if word_count(part)]


def _said_power(match: re.Match[str]) -> str:
    minus = "minus " if match["minus"] else ""
    return f" to the power of {minus}{match['digits'].translate(_RAISED)}"


def _said_unit(match: re.Match[str]) -> str:
    """The name of a unit behind a number, in the singular behind a one."""
    first, *rest = _UNITS[match[1]].split()
    if re.search(r"(?<![\d.,])1$", match.string[: match.start()]):
        first = first.removesuffix("s")
    return " " + " ".join((first, *rest))


def _parted(text: str) -> list[str]:
    """`text` cut into sentences at a place where two clauses meet, while it is too long."""
    if word_count(text) <= LONGEST_SENTENCE:
        return [text]
    for pattern, opening in _PARTINGS:
        for match in pattern.finditer(text):
            before, after = text[: match.start()], opening + text[match.end() :]
            if word_count(before) >= 5 and word_count(after) >= 4:
                return [before, *_parted(after)]
    return [text]


def _finished(sentence: str) -> str:
    text = with_capital(sentence.strip(" ,;:"))
    return text if text.endswith((".", "?", "!")) else text + "."


def seconds_of(narration: Sequence[str]) -> float:
    """How long sentences and the silence behind each of them last."""
    letters = sum(len(sentence) for sentence in narration)
    digits = sum(character.isdigit() for sentence in narration for character in sentence)
    spelled = letters + digits * (LETTERS_OF_A_DIGIT - 1)
    return spelled * SECONDS_PER_LETTER + len(narration) * SECONDS_PER_SENTENCE
