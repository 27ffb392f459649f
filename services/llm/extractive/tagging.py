"""A light guess at parts of speech: closed classes, endings, which forms a word has, and its neighbours.

Good enough to find noun phrases and main verbs in textbook English; no trained model, nothing downloaded.
Words of other languages are tagged NOUN unless they are stop words (OTHER), so that every run of content
words is a phrase.

Tags: NOUN, ADJ, ING (a form in -ing), ED (a past participle), VERB, ADV, AUX, DET, ADP, CONJ, PRON, NUM, POS
(the possessive 's), MARK (punctuation), OTHER.
"""

from collections.abc import Sequence
from types import MappingProxyType

from services.llm.extractive.closed_classes import CLOSED_CLASS_TAGS, COMMON_VERBS, MODALS, words
from services.llm.extractive.language import Language
from services.llm.extractive.tokens import Token

# The past form of a word that is a verb at all is at least this common.
_VERB_ZIPF = 2.2
# A past form more than this many Zipf steps rarer than the base form is a misspelling or a coinage.
_VERB_GAP = 3.2

_NOUN_ENDINGS = (
    "tion", "sion", "ment", "ness", "ity", "ism", "ist", "ogy", "ance", "ence", "ency", "ancy", "ship",
    "hood", "phy", "sis", "itis", "emia", "oma", "cyte", "ase", "ose", "gen", "ics", "dom", "ture", "tude",
)  # fmt: skip
_ADJECTIVE_ENDINGS = (
    "al", "ic", "ous", "ive", "ful", "less", "able", "ible", "oid", "ent",
    "ant", "ary", "ory", "ular", "olar",
)  # fmt: skip
_NOUNS_IN_ADJECTIVE_ENDINGS = words("""
    element student component patient parent president agent accident event content extent percent
    moment animal material chemical mineral hospital signal journal individual principal potential
    criminal professional metal crystal capital interval trial proposal approval arrival music topic
    logic fabric traffic clinic metric mechanic physic ethic plastic mosaic public clinic republic
    academic critic motive objective alternative perspective initiative incentive native adjective
    table variable cable syllable vegetable constant plant restaurant participant infant giant
    assistant merchant immigrant coolant reactant pollutant mutant quadrant gradient nutrient
    ingredient solvent talent tangent quotient coefficient ascent descent adult boundary library
    summary salary secondary dictionary vocabulary glossary theory memory history category factory
    laboratory territory victory inventory directory story majority asteroid steroid fish dish
    rational goal scandal denial rival manual ritual equal dental total decimal integral
    differential exponential polynomial radical
""")
_BASE_CONTEXT = frozenset(("NOUN", "PRON", "ED", "ING"))


class Tagger:
    """Guesses parts of speech; keeps what it worked out about each word form."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._forms: dict[str, str] = {}

    def tags(self, tokens: Sequence[Token]) -> list[str]:
        """One tag for each token of a sentence."""
        if not self._language.is_english:
            return [_tag_elsewhere(token) for token in tokens]
        forms = [self._form_tag(token) for token in tokens]
        tags = [self._settle(tokens, forms, i) if "/" in tag else tag for i, tag in enumerate(forms)]
        if "AUX" not in tags and "VERB" not in tags:
            _find_verb(tokens, forms, tags)
        _find_heads(tags)
        return tags

    def _form_tag(self, token: Token) -> str:
        """The tag of the form alone; `NOUN/VERB` and the like where its neighbours must decide."""
        if not token.is_word:
            return MARK_TAGS.get(token.tag, "MARK")
        tag = self._forms.get(token.lower)
        if tag is None:
            tag = self._forms[token.lower] = self._guess(token.lower)
        if tag.startswith("NOUN") or not token.surface[1:2].isupper():
            return tag
        return "NOUN"

    def _guess(self, word: str) -> str:
        closed = CLOSED_CLASS_TAGS.get(word)
        if closed == "VERB" and word in _VERB_NOUNS:
            return "NOUN/VERB"
        if closed is not None:
            return closed
        if word.endswith("ly") and len(word) > 4:
            return "ADV"
        if word.endswith("ing") and len(word) > 5:
            return "ING"
        if word.endswith("ed") and len(word) > 4 and not word.endswith("eed"):
            return "ED/VERB"
        if self._is_adjective(word):
            return "ADJ"
        if word.endswith(_NOUN_ENDINGS) or word.endswith(tuple(f"{ending}s" for ending in _NOUN_ENDINGS)):
            return "NOUN"
        return "NOUN/VERB" if self._is_verb(_base_form(word)) else "NOUN"

    def _is_adjective(self, word: str) -> bool:
        return word.endswith(_ADJECTIVE_ENDINGS) and len(word) > 4 and not self._is_listed_noun(word)

    @staticmethod
    def _is_listed_noun(word: str) -> bool:
        return word in _NOUNS_IN_ADJECTIVE_ENDINGS or word.endswith("ment")

    def _is_verb(self, base: str) -> bool:
        """A word is a verb where its past form is known and not far rarer than itself."""
        if base in COMMON_VERBS:
            return True
        zipf = max(self._language.zipf(past) for past in _past_forms(base))
        return zipf >= _VERB_ZIPF and self._language.zipf(base) - zipf < _VERB_GAP

    def _settle(self, tokens: Sequence[Token], tags: Sequence[str], i: int) -> str:
        before = tags[i - 1].split("/")[0] if i else "START"
        after = tags[i + 1] if i + 1 < len(tags) else "END"
        if tags[i] == "ED/VERB":
            return "VERB" if before == "PRON" or (before == "NOUN" and after == "DET") else "ED"
        if (i and tokens[i - 1].lower in MODALS) or self._says_what(tokens, i):
            return "VERB"
        if i > 1 and tokens[i - 1].lower in _RELATIVES and before == "DET" and tags[i - 2] != "ADP":
            return "VERB" if tags[i - 2].startswith(("NOUN", "MARK")) and after != "AUX" else "NOUN"
        if before in ("DET", "ADJ", "POS", "ADP", "NUM"):
            return "NOUN"
        plain = not tokens[i].lower.endswith("s")
        subject = tokens[i - 1].lower.endswith("s") if i and before == "NOUN" else before == "PRON"
        agrees = before in _BASE_CONTEXT and subject == plain
        takes_object = after in ("DET", "PRON", "ADV") or (before == "PRON" and after != "MARK")
        opens = before == "START" and plain and after in ("DET", "CONJ")
        return "VERB" if (agrees and takes_object) or opens or before in ("ADV", "AUX") else "NOUN"

    @staticmethod
    def _says_what(tokens: Sequence[Token], i: int) -> bool:
        """`means that`, `means a`: a verb, unlike `by chemical means`."""
        following = tokens[i + 1].lower if i + 1 < len(tokens) else ""
        return tokens[i].lower == "means" and following in ("that", "to", "a", "an", "the", "each")


_RELATIVES = frozenset(("that", "which", "who"))
MARK_TAGS = MappingProxyType({"number": "NUM", "possessive": "POS"})
_VERB_NOUNS = words("""
    use uses need needs help helps show shows call calls set sets run lead leads break breaks draw
    mean means sets put build feel stand appeal want
""")


def _find_verb(tokens: Sequence[Token], forms: Sequence[str], tags: list[str]) -> None:
    """A sentence without a verb gets one: the first word that can be one and agrees with the noun before it."""
    for i in range(1, len(tokens) - 1):
        agrees = tokens[i - 1].lower.endswith("s") != tokens[i].lower.endswith("s")
        if "VERB" in forms[i] and tags[i - 1] == "NOUN" and (agrees or forms[i] == "ED/VERB"):
            tags[i] = "VERB"
            return


def _find_heads(tags: list[str]) -> None:
    """`A tributary is ...`: between an article and a verb stands a noun, whatever its ending."""
    for i in range(1, len(tags) - 1):
        if tags[i] == "ADJ" and tags[i - 1] == "DET" and tags[i + 1] in ("AUX", "VERB"):
            tags[i] = "NOUN"


def _tag_elsewhere(token: Token) -> str:
    if not token.is_word:
        return MARK_TAGS.get(token.tag, "MARK")
    return "OTHER" if token.is_stop else "NOUN"


def _base_form(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _past_forms(base: str) -> tuple[str, ...]:
    if base.endswith("e"):
        return (base + "d",)
    if base.endswith("y"):
        return (base[:-1] + "ied", base + "ed")
    return (base + "ed", base + base[-1:] + "ed")
