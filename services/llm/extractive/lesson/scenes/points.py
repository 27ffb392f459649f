"""Scenes of short points: the parts of a list, and what a section says about a term."""

import re
from collections.abc import Iterator, Sequence

from mootion.video.v1.script_pb2 import BulletsContent, Scene

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.scenes.definition import pronounced
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.claims import Claim
from services.llm.extractive.questions.listings import Listing
from services.llm.extractive.questions.standalone import has_symbols, points_within
from services.llm.extractive.questions.wording import cleaned, plural, with_capital
from services.llm.extractive.sections import Section

_MOST_POINTS = 4
_PLAIN_POINTS = 2
# With fewer sentences that are clear by themselves, the others are shown as well.
_FEWEST_CLEAR = 6
_FEWEST_POINTS = 2
_LEANS = re.compile(
    r"(?:it|they|he|she|this|these|those|his|her|their|its|both|such|the (?:reason|same|two|latter|former))\b",
    re.IGNORECASE,
)
# Sections that only announce or repeat what the others teach.
_REPEATS = re.compile(
    r"(?:(?:chapter|section) )?(?:summary|review|objectives|key terms|glossary)|learning (?:objectives|outcomes)",
    re.IGNORECASE,
)


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every whole list, and one for every term of which two things or more are said."""
    for listing in material.shop.listings:
        if listing.is_complete:
            yield _of_listing(material, listing)
    for term in dict.fromkeys(claim.term for claim in material.shop.claims):
        yield from _of_claims(material, term)


def draft_plain(material: Material) -> Iterator[SceneDraft]:
    """Scenes of whole sentences, few by few, section by section, for texts in which little else is found."""
    sections = material.analysis.sections
    taught = [section for section in sections if not _REPEATS.match(section.title)] or list(sections)
    pairs = [(section, pair) for section in taught for pair in _pairs(material, section)]
    clear = [(section, pair) for section, pair in pairs if _can_be_shown(material, *pair)]
    kept = clear if len(clear) >= _FEWEST_CLEAR else pairs
    for section in taught:
        own = [pair for of, pair in kept if of is section]
        for first in range(0, len(own), _PLAIN_POINTS):
            part = own[first : first + _PLAIN_POINTS]
            yield _plain(material, (with_capital(section.title) or part[0][1])[:300], part)


def _pairs(material: Material, section: Section) -> list[tuple[Sentence, str]]:
    """The sentences of a section that can be made short, with their points."""
    sentences = (s for passage in section.passages for s in material.analysis.sentences_of(passage))
    whole = [s for s in sentences if 4 <= len(s.tokens) <= 45 and not s.text.endswith(":")]
    return [(s, point) for s in whole if (point := short_point(s.text)) is not None]


def _can_be_shown(material: Material, sentence: Sentence, point: str) -> bool:
    """Whether a point is clear without what stands before it, and a verb is left in it; in English only."""
    if not material.analysis.language.is_english:
        return True
    tokens = material.shop.reading.tokens_of(point)
    says = any(token.tag in ("VERB", "ED", "AUX") for token in tokens)
    leans = _LEANS.match(point) or points_within(sentence.text) or has_symbols(sentence.text)
    return says and not leans


def _plain(material: Material, title: str, pairs: Sequence[tuple[Sentence, str]]) -> SceneDraft:
    said = [spoken(cleaned(s.text)) for s, _ in pairs]
    return SceneDraft(
        scene=Scene(title=title, bullets=BulletsContent(points=[point[:600] for _, point in pairs])),
        forms=[said[0]],
        citations=[material.shop.citation(s) for s, _ in pairs],
        anchor=pairs[0][0].index,
        worth=0.2,
        more=[sentence for part in said[1:] for sentence in part],
    )


def _of_listing(material: Material, listing: Listing) -> SceneDraft:
    terms = material.terms_in(listing.sentence)
    parts = ", ".join(listing.items[:-1]) + f", and {listing.items[-1]}"
    return SceneDraft(
        scene=Scene(
            title=with_capital(listing.group),
            bullets=BulletsContent(points=[with_capital(part) for part in listing.items]),
        ),
        forms=[[f"Keep {listing.group} in mind.", *spoken(f"They are {parts}")]],
        citations=[material.shop.citation(listing.sentence)],
        anchor=listing.sentence.index,
        worth=0.55 + max((material.importance[t] for t in terms), default=0.0),
        terms=terms,
    )


def _of_claims(material: Material, term: int) -> Iterator[SceneDraft]:
    defining = {d.sentence.index for d in material.shop.definitions}
    claims = [c for c in material.shop.claims if c.term == term and c.sentence.index not in defining]
    pairs = [(claim, point) for claim in claims if (point := _point(claim)) is not None][:_MOST_POINTS]
    if len(pairs) < _FEWEST_POINTS:
        return
    name = material.shop.reading.terms[term].name
    if sum(claim.is_plural for claim, _ in pairs) * 2 >= len(pairs):
        name = plural(name)
    said = [
        spoken(pairs[0][0].statement),
        *(spoken(pronounced(claim)) for claim, _ in pairs[1:]),
    ]
    yield SceneDraft(
        scene=Scene(title=f"What to know about {name}", bullets=BulletsContent(points=[p for _, p in pairs])),
        forms=[
            [f"What should you remember about {name}?", *(sentence for part in said[:2] for sentence in part)]
        ],
        citations=[material.shop.citation(claim.sentence) for claim, _ in pairs],
        anchor=claims[0].sentence.index,
        worth=0.45 + material.importance[term],
        terms=frozenset((term,)),
        more=[sentence for part in said[2:] for sentence in part],
    )


def _point(claim: Claim) -> str | None:
    return short_point(re.sub(r"^(?:do|does) ", "", claim.predicate))
