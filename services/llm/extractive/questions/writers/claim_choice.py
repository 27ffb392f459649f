"""Single choice about what the document says of its terms: which of these does what, and which term fills a gap."""

from collections.abc import Iterator

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.causes import Cause
from services.llm.extractive.questions.claims import Claim
from services.llm.extractive.questions.draft import Seed, drafted, with_options
from services.llm.extractive.questions.gaps import Gap, gaps
from services.llm.extractive.questions.wording import (
    plural,
    quoted,
    with_capital,
    with_small_letter,
    without_article,
    word_count,
)
from services.llm.extractive.questions.workshop import Workshop

TEMPLATES = ("claim", "reason", "gap", "far gap")
_WRONG_OPTIONS = 3
# A gap can be filled from fewer options; strangers to what is missing stand among them only where a document holds
# too little for the questions asked for.
_FEWEST_WRONG = 2
LEAST_LIKENESS = 0.9


def plan(shop: Workshop) -> Iterator[Seed]:
    """A question for every claim, every reason and every gap that can be filled by a term."""
    for claim in shop.claims:
        yield Seed(task_pb2.SINGLE_CHOICE, "claim", claim, claim.term, 0.82, claim.sentence, claim.since)
    for cause in shop.causes:
        yield Seed(task_pb2.SINGLE_CHOICE, "reason", cause, cause.term, 0.78, cause.sentence)
    for gap in gaps(shop.reading):
        yield Seed(task_pb2.SINGLE_CHOICE, "gap", gap, gap.term, 0.40 + 0.25 * gap.fitness, gap.sentence)
        yield Seed(task_pb2.SINGLE_CHOICE, "far gap", gap, gap.term, -0.2, gap.sentence)


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where the document holds too few wrong options of the same sort."""
    if seed.template == "claim":
        return _claim_item(shop, seed)
    return _reason_item(shop, seed) if seed.template == "reason" else _gap_item(shop, seed)


def _claim_item(shop: Workshop, seed: Seed) -> Item | None:
    claim: Claim = seed.fact
    random = shop.random("claim", claim.sentence.text, claim.term)
    wrong = shop.distractors.terms(claim.term, claim.predicate, _proof(claim), claim.is_plural, random)
    if len(wrong) < _WRONG_OPTIONS:
        return None
    opening = (
        f"{claim.lead}, which"
        if claim.lead
        else ("Which", "According to the text, which")[random.randrange(2)]
    )
    name = with_small_letter(without_article(claim.subject))
    key = (
        shop.reading.terms[claim.term].name
        if name.lower() == shop.reading.terms[claim.term].name.lower()
        else name
    )
    item = drafted(shop, seed, f"{opening} of these {claim.predicate}?")
    return with_options(item, [plural(key) if claim.is_plural else key], wrong[:_WRONG_OPTIONS], random)


def _proof(claim: Claim) -> str:
    return claim.sentence.text if claim.since is None else f"{claim.since.text} {claim.sentence.text}"


def _gap_item(shop: Workshop, seed: Seed) -> Item | None:
    gap: Gap = seed.fact
    random = shop.random("gap", gap.sentence.text, gap.term)
    least = LEAST_LIKENESS if seed.template == "gap" else 0.0
    wrong = shop.distractors.terms(gap.term, gap.text, gap.sentence.text, gap.is_plural, random, least)
    if len(wrong) < _FEWEST_WRONG:
        return None
    item = drafted(shop, seed, f"Which term completes the sentence? {quoted(gap.text)}")
    return with_options(item, [gap.answer], wrong[:_WRONG_OPTIONS], random)


def _reason_item(shop: Workshop, seed: Seed) -> Item | None:
    cause: Cause = seed.fact
    random = shop.random("reason", cause.sentence.text)
    length = word_count(cause.reason)
    others = [c for c in shop.causes if c.sentence.index != cause.sentence.index and c.term != cause.term]
    fitting = [
        c.reason
        for c in others
        if _same_opening(c, cause) and 0.5 * length <= word_count(c.reason) <= 2 * length
    ]
    fitting = list(dict.fromkeys(fitting))
    random.shuffle(fitting)
    if len(fitting) < _WRONG_OPTIONS:
        return None
    item = drafted(
        shop, seed, f"Which reason does the text give? {quoted(with_capital(cause.fact) + ' because ____.')}"
    )
    return with_options(item, [cause.reason], fitting[:_WRONG_OPTIONS], random)


def _same_opening(a: Cause, b: Cause) -> bool:
    """Reasons that begin with a pronoun fit only facts that the same pronoun can point to."""
    pronouns = ("it", "they", "he", "she", "its", "their")
    return a.opening == b.opening if b.opening in pronouns or a.opening in pronouns else True
