"""Which scenes a lesson takes, in which order, and how much is said in each so that it lasts as long as wanted."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from types import MappingProxyType

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import seconds_of

# Scenes between the opening and the summary.
FEWEST_SCENES = 3
MOST_SCENES = 10
# How far from the wanted length a lesson may end, as shares of it.
_FULL = 0.97
_TOO_LONG = 1.10

# How many scenes of a kind a lesson of about 75 s takes at most.
_MOST_OF_KIND = MappingProxyType(
    {"definition": 4, "bullets": 1, "equation": 1, "plot": 1, "process": 1, "comparison": 1,
     "timeline": 1, "worked_example": 1, "checkpoint": 1}
)  # fmt: skip
_USUAL_SECONDS = 75
# So many scenes of a kind come on top where nothing else fills the time.
_MOST_MORE = 3
_NEW_KIND = 0.55
_SAME_KIND = 0.30
_SHARED_TERM = 0.35
_SAID_BEFORE = 0.9
_FIRST_DEFINITIONS = 0.9
_NEAR = 0.5
# What each second beyond a usual scene costs.
_LENGTH = 0.06
_USUAL_SCENE_SECONDS = 13
_CHANCE = 0.15


def chosen(
    material: Material, drafts: Sequence[SceneDraft], seconds: float, random: Random
) -> list[SceneDraft]:
    """Scenes that fill `seconds`, the most worth first, of different kinds and around the same terms; in order."""
    jitter = {id(draft): _CHANCE * random.random() for draft in drafts}
    taken: list[SceneDraft] = []
    more = 0
    while len(taken) < MOST_SCENES and more <= _MOST_MORE:
        waiting = [
            d for d in drafts if all(d is not t for t in taken) and _may_follow(d, taken, seconds, more)
        ]
        if waiting:
            taken.append(max(waiting, key=lambda d: (_gain(material, d, taken) + jitter[id(d)], -d.anchor)))
        else:
            more += 1
    return in_order(material, taken)


def _may_follow(draft: SceneDraft, taken: Sequence[SceneDraft], seconds: float, more: int) -> bool:
    """Whether there is time for a scene, and room for its kind; `more` of a kind are let in where time is left."""
    filled = sum(d.seconds for d in taken)
    few = len(taken) < FEWEST_SCENES
    if filled >= _FULL * seconds or (
        filled + draft.seconds > _TOO_LONG * seconds and not (few and draft.seconds < seconds)
    ):
        return False
    most = max(1, round(_MOST_OF_KIND.get(draft.kind, 1) * max(1.0, seconds / _USUAL_SECONDS)))
    if sum(d.kind == draft.kind for d in taken) >= most + more:
        return False
    return _has_ground(draft, taken)


def _has_ground(draft: SceneDraft, taken: Sequence[SceneDraft]) -> bool:
    """Curves and examples follow their equation, questions what they are about."""
    if draft.kind in ("plot", "worked_example"):
        return any(d.kind == "equation" and d.anchor == draft.anchor for d in taken)
    if draft.kind == "checkpoint":
        return any(d.kind in ("definition", "comparison") and draft.terms <= d.terms for d in taken)
    return True


def _gain(material: Material, draft: SceneDraft, taken: Sequence[SceneDraft]) -> float:
    kinds = Counter(d.kind for d in taken)
    known = frozenset(t for d in taken for t in d.terms)
    explained = frozenset(t for d in taken if d.kind in ("definition", "comparison") for t in d.terms)
    gain = draft.worth + (_NEW_KIND if not kinds[draft.kind] else -_SAME_KIND * kinds[draft.kind])
    gain += _SHARED_TERM * bool(draft.terms & known) - _LENGTH * max(
        0.0, draft.seconds - _USUAL_SCENE_SECONDS
    )
    if draft.kind == "definition":
        gain += _FIRST_DEFINITIONS * (kinds["definition"] + kinds["comparison"] < 2)
        gain += _NEAR * (bool(known) and material.are_near(draft.terms, known))
    if draft.kind in ("definition", "comparison"):
        gain -= _SAID_BEFORE * len(draft.terms & explained)
    return gain


def in_order(material: Material, scenes: Sequence[SceneDraft]) -> list[SceneDraft]:
    """Definitions in the order of learning, each other scene behind the last one it needs, question and graph last."""
    rank = material.rank
    last = len(rank)

    def place(draft: SceneDraft) -> tuple[int, float, int, int]:
        if draft.kind in ("graph", "checkpoint"):
            return (1, float(draft.kind == "checkpoint"), 0, draft.anchor)
        ranks = [rank.get(term, last) for term in draft.terms]
        if draft.kind == "definition":
            return (0, min(ranks, default=last), 0, draft.anchor)
        known = [r for r in ranks if r < last]
        after = max(known) if known else _rank_by_place(material, draft)
        return (0, after + 0.5, _FOLLOWING.get(draft.kind, 0), draft.anchor)

    return sorted(scenes, key=place)


_FOLLOWING = MappingProxyType({"equation": 1, "plot": 2, "worked_example": 3})


def _rank_by_place(material: Material, draft: SceneDraft) -> float:
    """The rank of the last definition that stands before the scene's place in the text."""
    before = [material.rank[d.term] for d in material.shop.definitions if d.sentence.index <= draft.anchor]
    return max(before, default=-1)


def lasting(scenes: Sequence[SceneDraft], said: Sequence[Sequence[str]]) -> float:
    """How many seconds `scenes` last that say `said`."""
    return sum(scene.seconds_with(part) for scene, part in zip(scenes, said, strict=True))


def narrations(scenes: Sequence[SceneDraft], seconds: float) -> list[list[str]]:
    """What is said in each scene: what must be, in varied words, and what can be until `seconds` are filled."""
    turns: Counter[str] = Counter()
    said: list[list[str]] = []
    for scene in scenes:
        said.append(list(scene.forms[turns[scene.kind] % len(scene.forms)]))
        turns[scene.kind] += 1
    for depth in range(max((len(scene.more) for scene in scenes), default=0)):
        for scene, sentences in zip(scenes, said, strict=True):
            if depth < len(scene.more):
                longer = lasting(scenes, said) + seconds_of([scene.more[depth]])
                if longer <= _TOO_LONG * seconds and scene.more[depth] not in sentences:
                    sentences.append(scene.more[depth])
                if longer >= seconds:
                    return said
    return said
