"""Concepts as a model names them, and as the document bears them out."""

import re
from collections.abc import Sequence
from typing import Literal

from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2

from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply

LONGEST_NAME = 100
MOST_WORDS_IN_NAME = 8
MOST_PASSAGES = 50
LEVELS = {
    "FUNDAMENTAL": task_pb2.FUNDAMENTAL,
    "INTERMEDIATE": task_pb2.INTERMEDIATE,
    "ADVANCED": task_pb2.ADVANCED,
}


class ConceptReply(Reply):
    """One concept."""

    name: str
    definition_quote: str
    level: Literal["FUNDAMENTAL", "INTERMEDIATE", "ADVANCED"]
    aliases: list[str]
    importance: float


class ConceptsReply(Reply):
    """What a text teaches."""

    concepts: list[ConceptReply]


def check(reply: ConceptsReply, passages: Sequence[Passage]) -> Checked[list[task_pb2.Concept]]:
    """Keeps concepts whose name the text uses and whose definition it holds. Without their passages yet."""
    quotes = Quotes(passages)
    kept: list[task_pb2.Concept] = []
    problems: list[str] = []
    for concept in reply.concepts:
        name = " ".join(concept.name.split())
        mentions = _mentions(passages, [name])
        definition = quotes.find(concept.definition_quote)
        if len(name) > LONGEST_NAME or len(name.split()) > MOST_WORDS_IN_NAME:
            problems.append(f"The name {name[:40]!r}... is too long: use the term alone.")
        elif not mentions:
            problems.append(f"{name!r} does not stand in the text: use a name that the text uses.")
        elif definition is None:
            problems.append(f"The definition_quote of {name!r} does not stand in the text word for word.")
        else:
            made = task_pb2.Concept(
                name=name,
                description=definition.quote,
                definition=definition,
                level=LEVELS[concept.level],
                importance=min(1.0, max(0.0, concept.importance)),
            )
            made.aliases.extend(_aliases(concept.aliases, name, passages))
            kept.append(made)
    return Checked(kept, len(kept), problems)


def _aliases(aliases: Sequence[str], name: str, passages: Sequence[Passage]) -> list[str]:
    wanted = dict.fromkeys(" ".join(alias.split()) for alias in aliases if len(alias) <= LONGEST_NAME)
    return [alias for alias in wanted if alias.casefold() != name.casefold() and _mentions(passages, [alias])]


def _mentions(passages: Sequence[Passage], names: Sequence[str]) -> list[str]:
    """Passages that use one of the names, with any ending; names beyond ASCII also inside of words."""
    pattern = "|".join(r"\s+".join(map(re.escape, name.split())) for name in names if name.strip())
    if not pattern:
        return []
    found = re.compile(rf"(?<![^\W_])(?:{pattern})" if pattern.isascii() else pattern, re.IGNORECASE)
    return list(dict.fromkeys(p.passage_id for p in passages if found.search(p.text)))


def merge(
    parts: Sequence[Sequence[task_pb2.Concept]], passages: Sequence[Passage], most: int
) -> list[task_pb2.Concept]:
    """One list of all parts' concepts, most important first. Those that share a name or an alias are one, and are
    mentioned wherever the whole document names them."""
    merged: list[task_pb2.Concept] = []
    known: dict[str, task_pb2.Concept] = {}
    for concept in (concept for part in parts for concept in part):
        keys = [_key(name) for name in (concept.name, *concept.aliases)]
        same = next((known[key] for key in keys if key in known), None)
        if same is None:
            same = task_pb2.Concept()
            same.CopyFrom(concept)
            merged.append(same)
        else:
            _add(same, concept)
        known.update((key, same) for key in keys if key not in known)
    merged.sort(key=lambda concept: -concept.importance)
    for concept in merged[:most]:
        concept.passage_ids.extend(_mentions(passages, [concept.name, *concept.aliases])[:MOST_PASSAGES])
    return merged[:most]


def _add(to: task_pb2.Concept, other: task_pb2.Concept) -> None:
    to.importance = max(to.importance, other.importance)
    aliases = dict.fromkeys([*to.aliases, *other.aliases])
    del to.aliases[:]
    to.aliases.extend(alias for alias in aliases if alias.casefold() != to.name.casefold())


def _key(name: str) -> str:
    """The name without case and plural."""
    folded = re.sub(r"[\s-]+", " ", name.casefold()).strip()
    return folded[:-1] if folded.endswith("s") and not folded.endswith("ss") else folded
