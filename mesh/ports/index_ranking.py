"""The last step of ranking, the same for every engine: neighbours support each other, sections take turns."""

from collections import Counter
from collections.abc import Sequence

from mesh.ports.index import Entry

# How many of the best hits take part; what comes behind keeps the engine's order.
WINDOW = 60
# A passage gains this share of the better of its two neighbours' scores: text goes on across passages.
NEIGHBOUR_SHARE = 0.1
# With each hit of a section above it, a passage of the same section counts only so much (maximal marginal relevance
# after Carbonell and Goldstein 1998, with the section as the measure of likeness).
REPEAT_SHARE = 0.6
SECTION_LEVELS = 2

Scored = tuple[float, Entry]


def rerank(hits: Sequence[Scored]) -> list[Scored]:
    """Puts hits, best first, in the order they are shown. Scores stay those that a hit has with its neighbours."""
    supported = _with_neighbours(hits[:WINDOW])
    waiting = sorted(supported, key=lambda hit: -hit[0])
    taken: Counter[object] = Counter()
    ordered: list[Scored] = []
    while waiting:
        best = max(range(len(waiting)), key=lambda place: _worth(waiting[place], taken))
        score, entry = waiting.pop(best)
        ordered.append((_worth((score, entry), taken), entry))
        taken[_section(entry)] += 1
    return [*ordered, *hits[WINDOW:]]


def _with_neighbours(hits: Sequence[Scored]) -> list[Scored]:
    scores = {(entry.document_id, entry.sequence): score for score, entry in hits if entry.kind == "PASSAGE"}

    def support(entry: Entry) -> float:
        if entry.kind != "PASSAGE":
            return 0.0
        beside = ((entry.document_id, entry.sequence + step) for step in (-1, 1))
        return max(scores.get(place, 0.0) for place in beside)

    return [(score + NEIGHBOUR_SHARE * support(entry), entry) for score, entry in hits]


def _worth(hit: Scored, taken: Counter[object]) -> float:
    score, entry = hit
    return float(score * REPEAT_SHARE ** taken[_section(entry)])


def _section(entry: Entry) -> object:
    """What takes turns: passages by their document and outer sections; everything else stands for itself."""
    if entry.kind != "PASSAGE":
        return entry.kind, entry.id
    path = [*entry.section.split("\n"), entry.title] if entry.section else [entry.title]
    return entry.document_id, *path[:SECTION_LEVELS]
