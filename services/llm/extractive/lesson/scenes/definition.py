"""Scenes that say what a term means."""

import re
from collections.abc import Iterator, Sequence

from mootion.video.v1.script_pb2 import DefinitionContent, Scene

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.claims import Claim
from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.kinship import WordClass
from services.llm.extractive.questions.standalone import has_symbols, unbalanced
from services.llm.extractive.questions.wording import indefinite, is_plural, with_capital, word_count
from services.llm.extractive.sentences import SentenceKind

_LEAST_QUALITY = 0.6
_MOST_CLAIMS = 2
_MOST_FOLLOWING = 3
_ELSEWHERE = re.compile(
    r"\b(?:figures?|tables?|chapters?|sections?|shown|see|above|below|following|website|equations?|exercises?"
    r"|this sentence|later in|"
    r"learned|recall|other|another|the new|the (?:graph|diagram|chart|image))\b|\(\s*\)|\s,|\bin [.,;]",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"^(?:In other words|Of course|As you might guess|Thus|Therefore|Moreover|Furthermore|Hence|That is), ",
    re.IGNORECASE,
)


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every term that is defined well."""
    for term, definition in material.definition_of.items():
        is_name = material.shop.kinship.word_class(term) is WordClass.NAME
        if definition.quality >= _LEAST_QUALITY and not is_name:
            yield _draft(material, term, definition)


def _draft(material: Material, term: int, definition: Definition) -> SceneDraft:
    following = _following(material, definition)
    claims = [] if len(following) > 1 else _claims_about(material, term, definition)
    content = DefinitionContent(
        term=with_capital(definition.named),
        meaning=with_capital(definition.meaning) + ".",
        example=next((point for s in following if (point := _example(s)) is not None), ""),
    )
    sources = [definition.sentence, *following, *(claim.sentence for claim in claims)]
    return SceneDraft(
        scene=Scene(title=with_capital(definition.named), definition=content),
        forms=_forms(material, definition),
        citations=[material.shop.citation(source) for source in sources],
        anchor=definition.sentence.index,
        worth=material.weight(term) + 0.4 * definition.quality + 0.1 * min(2, len(following) + len(claims)),
        terms=frozenset((term,)),
        more=[*_said(following), *(said for claim in claims for said in spoken(pronounced(claim)))],
    )


def _following(material: Material, definition: Definition) -> list[Sentence]:
    """The sentences of the same paragraph that go on from a definition, up to the first that does not belong to it.

    None where the definition is only an aside in a sentence about something else.
    """
    sentence, found = definition.sentence, list[Sentence]()
    opening = rf"(?:\w+, )?(?:in [^,]+, )?(?:an?|the)?\s*{re.escape(definition.named)}\b"
    if not re.match(opening, sentence.text, re.IGNORECASE):
        return found
    defining = {d.sentence.index for d in material.shop.definitions if d.term != definition.term}
    text = material.analysis.passages[sentence.passage].text
    for after in material.analysis.sentences[sentence.index + 1 : sentence.index + 1 + _MOST_FOLLOWING]:
        same_line = after.passage == sentence.passage and "\n" not in text[sentence.end : after.start]
        if not same_line or after.index in defining or not _can_be_said(after):
            break
        found.append(after)
    return found


def _can_be_said(sentence: Sentence) -> bool:
    text = sentence.text
    short = 4 <= word_count(text) <= 32 and sentence.kind is SentenceKind.STATEMENT
    return short and not (
        _ELSEWHERE.search(text) or has_symbols(text) or unbalanced(text) or text.endswith("?")
    )


def _said(sentences: Sequence[Sentence]) -> list[str]:
    return [said for sentence in sentences for said in spoken(_EARLIER.sub("", sentence.text))]


def _example(sentence: Sentence) -> str | None:
    """A short example for the slide, where the sentence gives one."""
    match = re.match(
        r"(?:for example|for instance), (?P<text>(?!if |suppose|when )[^;:]{15,160})\.$",
        sentence.text,
        re.IGNORECASE,
    )
    return short_point(match["text"], 16) if match else None


def _forms(material: Material, definition: Definition) -> list[list[str]]:
    """Ways to introduce a term; a lesson uses one after the other."""
    name, many = with_article(material, definition), is_plural(definition.named)
    verb, pronoun = ("are", "They are") if many else ("is", "It is")
    meaning = definition.meaning
    return [
        [f"What {verb} {name}?", *spoken(f"{pronoun} {meaning}")],
        [f"Now let us look at {name}.", *spoken(f"{pronoun} {meaning}")],
        [f"That brings us to {name}.", *spoken(f"{pronoun} {meaning}")],
        [f"And what {verb} {name}?", *spoken(f"{pronoun} {meaning}")],
    ]


def with_article(material: Material, definition: Definition) -> str:
    """The name as running text would speak of any one of its kind."""
    named = definition.named
    if is_plural(named):
        return named
    if material.shop.reading.is_counted(definition.term):
        return indefinite(named)
    opens = re.match(rf"The {re.escape(named)}\b", definition.sentence.text, re.IGNORECASE)
    return f"the {named}" if opens else named


def _claims_about(material: Material, term: int, definition: Definition) -> list[Claim]:
    """What else the text says of the term, the nearest to its definition first."""
    found = [
        claim
        for claim in material.shop.claims
        if claim.term == term
        and claim.sentence.index != definition.sentence.index
        and not re.match(r"(?:is|are|was|were) (?:an?|the)\b", claim.predicate)
    ]
    return sorted(found, key=lambda c: abs(c.sentence.index - definition.sentence.index))[:_MOST_CLAIMS]


def pronounced(claim: Claim) -> str:
    """The claim with a pronoun for its subject."""
    pronoun = "they" if claim.is_plural else "it"
    return with_capital(
        f"{claim.lead}, {pronoun} {claim.predicate}" if claim.lead else f"{pronoun} {claim.predicate}"
    )
