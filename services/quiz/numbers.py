"""Reads a number that a learner typed, with or without its unit."""

import re
from dataclasses import dataclass

NUMBER = re.compile(
    r"""^\s*[≈~=]?\s*
    (?P<sign>[-+−]?)\s*
    (?P<digits>\d[\d,\u00a0\u202f ]*\d|\d)?(?P<fraction>\.\d+)?
    (?:\s*/\s*(?P<divisor>\d+(?:\.\d+)?))?
    (?:\s*(?:[eE]|[×x*·]\s*10\s*\^?\s*)(?P<exponent>[-+−]?[\d⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))?
    \s*(?P<unit>.*)$""",
    re.VERBOSE | re.DOTALL,
)
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
MOST_EXPONENT = 300


@dataclass(frozen=True)
class Quantity:
    """A number and the unit behind it; the unit is empty when none was given."""

    value: float
    unit: str


def read(text: str) -> Quantity | None:
    """Reads `343 m/s`, `1,234.5`, `3.0 x 10^8` or `1/2`; None when it does not begin with a number."""
    match = NUMBER.match(text)
    if match is None or not (match["digits"] or match["fraction"]):
        return None
    digits = re.sub(r"[^\d]", "", match["digits"] or "0")
    value = float(digits + (match["fraction"] or ""))
    if match["divisor"]:
        if float(match["divisor"]) == 0:
            return None
        value /= float(match["divisor"])
    exponent = int((match["exponent"] or "0").translate(SUPERSCRIPTS))
    if abs(exponent) > MOST_EXPONENT:
        return None
    sign = -1 if match["sign"] in ("-", "−") else 1
    return Quantity(sign * value * 10.0**exponent, match["unit"].strip(" .,;"))


def same_unit(given: str, wanted: str) -> bool:
    """Whether two units are spelled alike. A learner may leave the unit out."""
    return not given or not wanted or _plain(given) == _plain(wanted)


def _plain(unit: str) -> str:
    word = unit.translate(SUPERSCRIPTS).casefold().replace("percent", "%").replace("^", "")
    word = re.sub(r"[\s·*]", "", word)
    return word if len(word) < 4 else word.rstrip("s")
