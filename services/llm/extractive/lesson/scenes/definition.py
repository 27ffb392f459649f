"""Scenes that say what a term means."""

import re
from collections.abc import Iterator

from mootion.video.v1.script_pb2 import DefinitionContent, Scene

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.claims import Claim
from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.wording import cleaned, with_capital

_LEAST_QUALITY = 0.6
_MOST_CLAIMS = 2


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every term that is defined well."""
    for term, definition in material.definition_of.items():
        if definition.quality >= _LEAST_QUALITY:
            yield _draft(material, term, definition)


def _draft(material: Material, term: int, definition: Definition) -> SceneDraft:
    claims = _claims_about(material, term, definition)
    example = _example_after(material, definition)
    content = DefinitionContent(
        term=with_capital(definition.named),
        meaning=with_capital(definition.meaning) + ".",
        example=(short_point(example, 18) or "") if example else "",
    )
    citation = material.shop.citation
    return SceneDraft(
        scene=Scene(title=with_capital(definition.named), definition=content),
        forms=_forms(definition),
        citations=[citation(definition.sentence), *(citation(claim.sentence) for claim in claims)],
        anchor=definition.sentence.index,
        worth=material.importance[term] + 0.5 * definition.quality,
        terms=frozenset((term,)),
        more=[*(said for claim in claims for said in spoken(_pronounced(claim))), *(spoken(example) if example else ())],
    )


def _forms(definition: Definition) -> list[list[str]]:
    """Ways to introduce a term; a lesson uses one after the other."""
    name, many = with_article(definition), definition.is_plural
    verb, pronoun = ("are", "They are") if many else ("is", "It is")
    meaning = definition.meaning
    return [
        [f"What {verb} {name}?", *spoken(f"{pronoun} {meaning}")],
        [f"Now let us look at {name}.", *spoken(f"{pronoun} {meaning}")],
        spoken(f"{with_capital(name)}, in plain words, {verb} {meaning}"),
        [f"That brings us to {name}.", *spoken(f"{pronoun} {meaning}")],
        [f"Next, {name}.", *spoken(f"This {verb if not many else 'means'} {meaning}")],
    ]


def with_article(definition: Definition) -> str:
    """The name with the article that its sentence gives it."""
    match = re.search(rf"\b(an?|the)\s+[“\"]?{re.escape(definition.named)}\b", definition.sentence.text, re.IGNORECASE)
    return f"{match[1].lower()} {definition.named}" if match and not definition.is_plural else definition.named


def _claims_about(material: Material, term: int, definition: Definition) -> list[Claim]:
    """What else the text says of the term, near its definition, in sentences of one clause that mean something alone."""
    found = [
        claim
        for claim in material.shop.claims
        if claim.term == term
        and claim.sentence.index != definition.sentence.index
        and not re.match(r"(?:is|are|was|were) (?:an?|the)\b", claim.predicate)
    ]
    return sorted(found, key=lambda c: abs(c.sentence.index - definition.sentence.index))[:_MOST_CLAIMS]


def _pronounced(claim: Claim) -> str:
    """The claim with a pronoun for its subject."""
    pronoun = "they" if claim.is_plural else "it"
    return with_capital(f"{claim.lead}, {pronoun} {claim.predicate}" if claim.lead else f"{pronoun} {claim.predicate}")


def _example_after(material: Material, definition: Definition) -> str:
    """The sentence right after the definition where it gives an example."""
    sentences = material.analysis.sentences
    after = definition.sentence.index + 1
    if after >= len(sentences) or sentences[after].passage != definition.sentence.passage:
        return ""
    match = re.match(r"(?:for example|for instance), (?P<text>(?!if|suppose|consider|imagine|let)[^;:]{20,150}\.)$", sentences[after].text, re.IGNORECASE)
    return cleaned(match["text"]) if match and not re.search(r"[=(){}]", match["text"]) else ""


