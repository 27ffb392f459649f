"""The last step of ranking, the same for every engine, over the best hits only, whatever the size of the index.

Hits gain by pairs of words that stand side by side in the query too, by their neighbours, and by how well their
section answers as a whole; then sections take turns.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log

from mesh.ports.index import Entry

# How many of the best hits take part; what comes behind keeps the engine's order.
WINDOW = 60
# What the BM25 score of a query's word pairs counts beside that of its words (sequential dependence, Metzler and
# Croft 2005), and how BM25 saturates by frequency and length (Robertson and Zaragoza 2009).
PAIR_SHARE = 0.25
SATURATION, LENGTH_SHARE = 1.2, 0.75
MOST_READ_CHARACTERS = 5000
# What a cosine of 1 with the query counts beside the best passage's score by words.
LIKENESS_SHARE = 1.0
# A passage gains this share of the better of its two neighbours' scores: text goes on across passages.
NEIGHBOUR_SHARE = 0.1
# A passage gains this share of the mean of its section's best scores: a section with several good passages is more
# likely the one (document and passage scores interpolated, Callan 1994; sums of votes, Macdonald and Ounis 2006).
SECTION_SHARE = 0.8
SECTION_BEST = 3
# With each hit of a section above it, a passage of the same section counts only so much (maximal marginal relevance
# after Carbonell and Goldstein 1998, with the section as the measure of likeness).
REPEAT_SHARE = 0.5
SECTION_LEVELS = 2

Scored = tuple[float, Entry]
Pair = tuple[str, str]


def rerank(query: str, hits: Sequence[Scored], likeness: Sequence[float] | None = None) -> list[Scored]:
    """Puts hits, best first, in the order they are shown; a score is what a hit counts at its place.

    Args:
        query: as it was asked, function words and all: "bind to" says more than "bind".
        likeness: how alike the query and each of the first `WINDOW` hits are in meaning, 0 to 1, where that is known.
    """
    paired = _with_pairs(query, hits[:WINDOW])
    alike = paired if likeness is None else _with_likeness(paired, likeness)
    supported = _with_sections(_with_neighbours(alike))
    waiting = sorted(supported, key=lambda hit: -hit[0])
    taken: Counter[object] = Counter()
    ordered: list[Scored] = []
    while waiting:
        best = max(range(len(waiting)), key=lambda place: _worth(waiting[place], taken))
        score, entry = waiting.pop(best)
        ordered.append((_worth((score, entry), taken), entry))
        taken[_section(entry)] += 1
    return [*ordered, *hits[WINDOW:]]


def _with_pairs(query: str, hits: Sequence[Scored]) -> list[Scored]:
    """BM25 over pairs of adjacent words; how rare a pair is, the hits themselves say."""
    asked = set(_pairs(query))
    texts = [_pairs(entry.text[:MOST_READ_CHARACTERS]) for _score, entry in hits]
    counts = [Counter(pair for pair in text if pair in asked) for text in texts]
    having = Counter(pair for count in counts for pair in count)
    rarity = {pair: log(1 + (len(hits) - n + 0.5) / (n + 0.5)) for pair, n in having.items()}
    mean = max(1.0, sum(map(len, texts)) / max(1, len(texts)))
    return [
        (score + PAIR_SHARE * _saturated(count, rarity, len(text) / mean), entry)
        for (score, entry), count, text in zip(hits, counts, texts, strict=True)
    ]


def _with_likeness(hits: Sequence[Scored], likeness: Sequence[float]) -> list[Scored]:
    """Words and meaning added, on the scale of the words; the best passage keeps its score among the other kinds."""
    highest = max((score for score, entry in hits if entry.kind == "PASSAGE"), default=0.0)
    gains = [LIKENESS_SHARE * highest * alike for alike in likeness]
    gained = [score + gain for (score, _entry), gain in zip(hits, gains, strict=True)]
    top = max(
        (score for score, (_, entry) in zip(gained, hits, strict=True) if entry.kind == "PASSAGE"),
        default=0.0,
    )
    scale = highest / top if top > 0 else 1.0
    return [
        (score * scale if entry.kind == "PASSAGE" else score, entry)
        for score, (_score, entry) in zip(gained, hits, strict=True)
    ]


def _pairs(text: str) -> list[Pair]:
    words = re.findall(r"\w+", text.casefold())
    return list(pairwise(words))


def _saturated(counts: Mapping[Pair, int], rarity: Mapping[Pair, float], length: float) -> float:
    slowed = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length)
    return sum(rarity[pair] * n * (SATURATION + 1) / (n + slowed) for pair, n in counts.items())


def _with_neighbours(hits: Sequence[Scored]) -> list[Scored]:
    scores = {(entry.document_id, entry.sequence): score for score, entry in hits if entry.kind == "PASSAGE"}

    def support(entry: Entry) -> float:
        if entry.kind != "PASSAGE":
            return 0.0
        beside = ((entry.document_id, entry.sequence + step) for step in (-1, 1))
        return max(scores.get(place, 0.0) for place in beside)

    return [(score + NEIGHBOUR_SHARE * support(entry), entry) for score, entry in hits]


def _with_sections(hits: Sequence[Scored]) -> list[Scored]:
    """The best passage keeps its score, so that passages as a whole stay where they are among the other kinds."""
    passages = [(score, entry) for score, entry in hits if entry.kind == "PASSAGE"]
    sections: defaultdict[object, list[float]] = defaultdict(list)
    for score, entry in passages:
        sections[_section(entry)].append(score)
    means = {place: sum(sorted(scores)[-SECTION_BEST:]) / SECTION_BEST for place, scores in sections.items()}
    gained = [score + SECTION_SHARE * means[_section(entry)] for score, entry in passages]
    highest = max(gained, default=0.0)
    scale = max(score for score, _entry in passages) / highest if highest > 0 else 1.0
    others = [(score, entry) for score, entry in hits if entry.kind != "PASSAGE"]
    return [*((score * scale, entry) for score, (_, entry) in zip(gained, passages, strict=True)), *others]


def _worth(hit: Scored, taken: Counter[object]) -> float:
    score, entry = hit
    return float(score * REPEAT_SHARE ** taken[_section(entry)])


def _section(entry: Entry) -> object:
    """What takes turns: passages by their document and outer sections; everything else stands for itself."""
    if entry.kind != "PASSAGE":
        return entry.kind, entry.id
    path = [*entry.section.split("\n"), entry.title] if entry.section else [entry.title]
    return entry.document_id, *path[:SECTION_LEVELS]
