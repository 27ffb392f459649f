"""Questions about lists: which of these is not one of them, and which are."""

from collections.abc import Iterator
from random import Random

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.draft import Seed, drafted, with_options
from services.llm.extractive.questions.listings import Listing
from services.llm.extractive.questions.wording import is_plural, plural, singular, words_of
from services.llm.extractive.questions.workshop import Workshop

TEMPLATES = ("outsider", "members")


def plan(shop: Workshop) -> Iterator[Seed]:
    """Two questions for every list whose group or parts hold a known term."""
    for listing in shop.listings:
        term = _term_of(shop, listing)
        if term is not None:
            quality = 0.85 if listing.is_complete else 0.7
            yield Seed(task_pb2.SINGLE_CHOICE, "outsider", listing, term, quality, listing.sentence)
            yield Seed(task_pb2.MULTIPLE_CHOICE, "members", listing, term, quality, listing.sentence)


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where nothing in the document is known not to belong to the list."""
    listing: Listing = seed.fact
    random = shop.random(seed.template, listing.sentence.text, listing.group)
    outsiders = _outsiders(shop, listing, seed.term, random)
    if seed.template == "outsider":
        return _outsider_item(shop, seed, listing, outsiders, random)
    return _members_item(shop, seed, listing, outsiders, random)


def _term_of(shop: Workshop, listing: Listing) -> int | None:
    tokens = shop.reading.tokens_of(listing.group)
    mentions = shop.reading.mentions_in(tokens)
    if mentions:
        return mentions[-1].term
    found = (shop.reading.find(shop.reading.key_of(part)) for part in listing.items)
    return next((term for term in found if term is not None), None)


def _outsiders(shop: Workshop, listing: Listing, term: int, random: Random) -> list[str]:
    """Terms and parts of other lists that stand neither in the sentence nor beside the group in any sentence."""
    many = sum(is_plural(part) for part in listing.items) * 2 > len(listing.items)
    members = [shop.reading.find(shop.reading.key_of(part)) for part in listing.items]
    known = next((m for m in members if m is not None), term)
    names = shop.distractors.terms(known, listing.group, listing.sentence.text, many, random)
    others = [part for other in shop.listings if other is not listing for part in other.items]
    random.shuffle(others)
    pool = [plural(n) if many else singular(n) for n in names[:8]] + [
        p for p in others if is_plural(p) == many
    ]
    taken = set(words_of(listing.sentence.text)) | set(words_of(listing.group))
    fitting = [name for name in dict.fromkeys(pool) if not set(words_of(name)) & taken]
    return [name for name in fitting if not _beside(shop, name, listing.group)]


def _beside(shop: Workshop, name: str, group: str) -> bool:
    """Whether a sentence of the document names both, so that one may well belong to the other."""
    head = shop.reading.content_stems(group)
    wanted = shop.reading.content_stems(name)
    analysis = shop.reading.analysis
    return any(
        wanted <= (stems := frozenset(analysis.sentences[i].stems)) and bool(head & stems)
        for stem in wanted
        for i in analysis.sentences_with.get(stem, ())
    )


def _outsider_item(
    shop: Workshop, seed: Seed, listing: Listing, outsiders: list[str], random: Random
) -> Item | None:
    if not outsiders:
        return None
    inside = random.sample(listing.items, 3)
    stem = (
        f"Which of these is not one of {listing.group}?"
        if listing.is_complete and listing.group.startswith("the ")
        else f"Which of these does the text not name among {_definite(listing)}?"
    )
    return with_options(drafted(shop, seed, stem), [outsiders[0]], inside, random)


def _definite(listing: Listing) -> str:
    return (
        listing.group
        if not listing.is_complete or listing.group.startswith("the ")
        else f"the {listing.group}"
    )


def _members_item(
    shop: Workshop, seed: Seed, listing: Listing, outsiders: list[str], random: Random
) -> Item | None:
    if len(outsiders) < 2:
        return None
    inside = random.sample(listing.items, min(len(listing.items), random.choice((2, 3))))
    stem = f"Which of these does the text name among {_definite(listing)}? Choose all that apply."
    return with_options(drafted(shop, seed, stem), inside, outsiders[: 5 - len(inside)], random)
