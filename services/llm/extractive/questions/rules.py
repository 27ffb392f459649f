"""The rules of the gate: each says whether an item breaks it."""

import math
import re
from collections import Counter

from mootion.llm.v1 import task_pb2

from services.llm.extractive.questions.formulas import parsed_expression
from services.llm.extractive.questions.item_view import GAP, ItemView, flat
from services.llm.extractive.questions.standalone import points_elsewhere, points_within, unbalanced
from services.llm.extractive.questions.wording import begins_with_vowel_sound, is_plural, word_count, words_of

FEWEST_OPTIONS = 3
LONGEST_STEM = 700
LONGEST_OPTION = 400
SHORTEST_QUOTE_WORDS = 4
# A right option may be this many times as long as the longest wrong one.
LENGTH_RATIO = 1.5
# A wrong option is right too where one sentence says this share of the question's words of it.
SUPPORT_SHARE = 0.6

_ONE_KEY = frozenset((task_pb2.SINGLE_CHOICE, task_pb2.TRUE_FALSE, task_pb2.FIND_ERROR))
_CHOICES = frozenset((task_pb2.SINGLE_CHOICE, task_pb2.MULTIPLE_CHOICE, task_pb2.FIND_ERROR))
_TEXT_KEYS = frozenset((task_pb2.CLOZE, task_pb2.SHORT_ANSWER, task_pb2.ALGEBRAIC))
_UNREADABLE = re.compile(r"�|\s{2,}|\(\s*\)|\s[,.;]|\bundefined\b|<[a-z/]")


def key_is_broken(view: ItemView) -> bool:
    """No key, more than one where one is asked for, or a key that names what is not there."""
    item, key = view.item, view.item.key
    ids = list(view.options)
    if len(set(ids)) < len(item.options) or not set(key.option_ids) <= set(ids):
        return True
    if item.kind in _ONE_KEY:
        return len(key.option_ids) != 1
    if item.kind == task_pb2.MULTIPLE_CHOICE:
        return not 1 <= len(set(key.option_ids)) < len(ids) or len(set(key.option_ids)) < len(key.option_ids)
    if item.kind == task_pb2.ORDERING:
        return sorted(key.option_ids) != sorted(ids)
    if item.kind == task_pb2.MATCHING:
        return _matching_is_broken(view)
    if item.kind == task_pb2.NUMERIC:
        return not (math.isfinite(key.number) and math.isfinite(key.tolerance) and key.tolerance >= 0)
    return _text_key_is_broken(view)


def _matching_is_broken(view: ItemView) -> bool:
    pairs = view.item.key.matches
    left, right = [p.option_id for p in pairs], [p.match_id for p in pairs]
    offered = {match.option_id for match in view.item.matches}
    return sorted(left) != sorted(view.options) or len(set(right)) < len(right) or not set(right) <= offered


def _text_key_is_broken(view: ItemView) -> bool:
    texts = view.item.key.texts
    if view.item.kind not in _TEXT_KEYS or not texts or not all(text.strip() for text in texts):
        return True
    if view.item.kind == task_pb2.CLOZE and view.item.stem.count(GAP) != 1:
        return True
    return view.item.kind == task_pb2.ALGEBRAIC and parsed_expression(texts[0]) is None


def has_too_few_options(view: ItemView) -> bool:
    """Fewer than three options to choose from or to put in order."""
    wants = view.item.kind in _CHOICES or view.item.kind in (task_pb2.ORDERING, task_pb2.MATCHING)
    return wants and len(view.item.options) < FEWEST_OPTIONS


def quote_is_foreign(view: ItemView) -> bool:
    """The quote is not the span of the passage that it claims to be, or too short to prove anything."""
    citation = view.item.citation
    text = view.reading.passage_text(citation.passage_id)
    if text is None or text[citation.start_char : citation.end_char] != citation.quote:
        return True
    return len(words_of(citation.quote)) < SHORTEST_QUOTE_WORDS and view.item.kind not in (
        task_pb2.ALGEBRAIC,
        task_pb2.NUMERIC,
    )


def is_unreadable(view: ItemView) -> bool:
    """Empty, far too long, or with traces of a broken page."""
    item = view.item
    texts = [item.stem, *(option.text for option in item.options), *(match.text for match in item.matches)]
    if any(not text.strip() or _UNREADABLE.search(text) or unbalanced(text) for text in texts):
        return True
    too_long = len(item.stem) > LONGEST_STEM or any(len(text) > LONGEST_OPTION for text in texts[1:])
    return too_long or not item.explanation.strip() or not item.concept.strip()


def shows_key_in_stem(view: ItemView) -> bool:
    """The right answer, or its stems in order, can be read in the question."""
    if view.item.kind == task_pb2.NUMERIC:
        return view.item.key.number in _numbers_in(view.item.stem)
    if view.item.kind not in _TEXT_KEYS and view.item.kind not in (
        task_pb2.SINGLE_CHOICE,
        task_pb2.MULTIPLE_CHOICE,
    ):
        return False
    if view.item.kind == task_pb2.ALGEBRAIC:
        return any(text.replace(" ", "") in view.item.stem.replace(" ", "") for text in view.item.key.texts)
    stemmed = " ".join(view.reading.stems_of(view.item.stem))
    for key in view.keys:
        if flat(key) and flat(key) in view.flat_stem:
            return True
        if f" {' '.join(view.reading.stems_of(key))} " in f" {stemmed} ":
            return True
    return False


def _numbers_in(text: str) -> set[float]:
    return {float(number.replace(",", "")) for number in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}


def options_overlap(view: ItemView) -> bool:
    """Two options are the same, or one is contained in another."""
    if view.item.kind not in _CHOICES and view.item.kind not in (task_pb2.ORDERING, task_pb2.MATCHING):
        return False
    shown = [f" {flat(option.text)} " for option in view.item.options]
    within = any(a in b for i, a in enumerate(shown) for j, b in enumerate(shown) if i != j)
    matches = [flat(match.text) for match in view.item.matches]
    return within or len(set(matches)) < len(matches)


def other_option_is_right(view: ItemView) -> bool:
    """The quote names a wrong option beside the right one, or another sentence says of it what the question asks."""
    if view.item.kind not in (task_pb2.SINGLE_CHOICE, task_pb2.MULTIPLE_CHOICE):
        return False
    quote = f" {view.flat_quote} "
    if view.asks_for_outsider:
        return any(f" {flat(key)} " in quote for key in view.keys)
    if any(flat(text) in view.flat_quote for text in view.distractors):
        return True
    return any(_is_supported(view, text) for text in view.distractors if word_count(text) <= 5)


def _is_supported(view: ItemView, option: str) -> bool:
    wanted = view.stem_stems - view.reading.content_stems(option) - _FRAME
    stems = sorted(view.reading.content_stems(option))
    if not stems or len(wanted) < 3:
        return False
    analysis = view.reading.analysis
    rarest = min(stems, key=lambda s: len(analysis.sentences_with.get(s, ())))
    for index in analysis.sentences_with.get(rarest, ()):
        said = frozenset(analysis.sentences[index].stems)
        proof = analysis.sentences[index].text == view.item.citation.quote
        if not proof and set(stems) <= said and len(wanted & said) >= SUPPORT_SHARE * len(wanted):
            return True
    return False


_FRAME = frozenset(
    [
        "text",
        "accord",
        "term",
        "mean",
        "sentenc",
        "complet",
        "statement",
        "follow",
        "describ",
        "true",
        "call",
        "name",
        "best",
        "say",
        "which",
    ]
)


def shared_word_gives_key_away(view: ItemView) -> bool:
    """A content word stands in the question and in the right option, but in less than half of the wrong ones."""
    if view.item.kind != task_pb2.SINGLE_CHOICE or view.asks_for_outsider or view.names_all_options:
        return False
    others = [view.reading.content_stems(text) for text in view.distractors]
    for key in view.keys:
        shared = (view.reading.content_stems(key) & view.stem_stems) - _FRAME
        if any(2 * sum(stem in other for other in others) < len(others) for stem in shared):
            return True
    return False


def length_gives_key_away(view: ItemView) -> bool:
    """The right option is the longest by far."""
    if view.item.kind not in (task_pb2.SINGLE_CHOICE, task_pb2.MULTIPLE_CHOICE) or not view.distractors:
        return False
    longest = max(word_count(text) for text in view.distractors)
    return view.longest_key_words > longest + 2 and view.longest_key_words > LENGTH_RATIO * longest


def grammar_gives_key_away(view: ItemView) -> bool:
    """An article before the gap fits some options only, or the right option alone is singular or plural."""
    if view.item.kind in (task_pb2.CLOZE, task_pb2.SINGLE_CHOICE):
        article = re.search(r"\b(an?) ____", view.item.stem, re.IGNORECASE)
        if article is not None and not view.item.options:
            return True
        fits = {begins_with_vowel_sound(option.text) for option in view.item.options}
        if article is not None and len(fits) > 1:
            return True
    if view.item.kind != task_pb2.SINGLE_CHOICE or any(word_count(o.text) > 4 for o in view.item.options):
        return False
    numbers = Counter(is_plural(text) for text in view.distractors)
    return len(view.keys) == 1 and numbers[is_plural(view.keys[0])] == 0


def points_outside(view: ItemView) -> bool:
    """The question or an option leans on a figure, a section, the reader, or a sentence that is not there."""
    stem = view.item.stem
    inner = re.findall(r"“([^”]{12,})”", stem)
    if points_within(_without_frame(stem)) or any(points_elsewhere(part) for part in inner):
        return True
    if view.item.kind == task_pb2.TRUE_FALSE and points_elsewhere(stem):
        return True
    return any(points_within(option.text) for option in (*view.item.options, *view.item.matches))


def _without_frame(stem: str) -> str:
    return re.sub(
        r"\b(?:this|these) (?:sentences?|statements?|formula|terms?|steps|events)\b|\bof these\b|\bthe text\b",
        "X",
        stem,
        flags=re.I,
    )
