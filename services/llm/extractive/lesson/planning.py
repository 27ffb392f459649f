"""Which scenes a lesson takes, in which order, and how much is said in each so that it lasts as long as wanted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from types import MappingProxyType

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import seconds_of

# Scenes between the opening and the summary.
FEWEST_SCENES = 5
MOST_SCENES = 12
# Shares of the wanted length: what must be said fills the first before more is said, and nothing goes beyond the last.
_FULL = 0.82
_TOO_LONG = 1.06
_LASTS_TOO_LONG = 1.10

# How many scenes of a kind a lesson of about 75 s takes at most.
_MOST_OF_KIND = MappingProxyType(
    {"definition": 3, "bullets": 1, "equation": 1, "plot": 1, "process": 1, "comparison": 1,
     "timeline": 1, "worked_example": 1, "checkpoint": 1}
)  # fmt: skip
_USUAL_SECONDS = 75
# So many scenes of a kind come on top where nothing else fills the time.
_MOST_MORE = 6
_NEW_KIND = 0.9
_SAME_KIND = 0.5
_SHARED_TERM = 0.35
_SAID_BEFORE = 0.9
_FIRST_DEFINITIONS = 0.9
_NEAR = 0.5
# Scenes that belong to another one on the same sentence.
_ON_THE_SAME = frozenset(("checkpoint", "plot", "worked_example", "graph"))
# What each second beyond an even share of the time costs.
_LENGTH = 0.03
_CHANCE = 0.15
# How many scenes are wanted at least, and how much of the time of the quickest is kept for those to come.
_DEMANDS = ((5, 1.0), (5, 1.3), (5, 1.6), (5, 2.0), (4, 1.0), (4, 1.5), (3, 1.0), (2, 1.0), (1, 1.0))


def chosen(
    material: Material, drafts: Sequence[SceneDraft], seconds: float, random: Random
) -> list[SceneDraft]:
    """Scenes that fill `seconds`, the most worth first, of different kinds and around the same terms; in order.

    At least FEWEST_SCENES where the text has as many that are short enough: long ones leave time for the others.
    """
    jitter = {id(draft): _CHANCE * random.random() for draft in drafts}
    for fewest, slack in _DEMANDS:
        plan = Plan(material, seconds, drafts, fewest, slack)
        _fill(plan, jitter)
        if len(plan.taken) >= fewest:
            break
    return in_order(material, plan.taken)


def _fill(plan: "Plan", jitter: Mapping[int, float]) -> None:
    more = 0
    while len(plan.taken) < MOST_SCENES and more <= _MOST_MORE:
        waiting = [draft for draft in plan.drafts if plan.may_take(draft, more)]
        if waiting:
            plan.taken.append(max(waiting, key=lambda d: (plan.gain(d) + jitter[id(d)], -d.anchor)))
        else:
            more += 1


@dataclass
class Plan:
    """A lesson of `seconds` that grows scene by scene, to `fewest` at least where they are short enough."""

    material: Material
    seconds: float
    drafts: Sequence[SceneDraft]
    fewest: int
    slack: float
    taken: list[SceneDraft] = field(default_factory=list)

    @cached_property
    def _shortest(self) -> list[float]:
        """Seconds of the quickest drafts, one for each thing that can be shown."""
        return sorted(draft.least for draft in self.drafts if draft.kind != "checkpoint")

    def may_take(self, draft: SceneDraft, more: int) -> bool:
        """Whether there is time for a scene, and room for its kind; `more` of a kind are let in where time is left."""
        if any(draft is t or (draft.kind == t.kind and draft.anchor == t.anchor) for t in self.taken):
            return False
        filled = sum(d.least for d in self.taken)
        wanting = max(0, self.fewest - len(self.taken) - 1)
        if filled >= _FULL * self.seconds and len(self.taken) >= self.fewest:
            return False
        kept = self.slack * sum(self._shortest[:wanting])
        if filled + draft.least + kept > _TOO_LONG * self.seconds:
            return False
        most = max(1, round(_MOST_OF_KIND.get(draft.kind, 1) * max(1.0, self.seconds / _USUAL_SECONDS)))
        if sum(d.kind == draft.kind for d in self.taken) >= most + more:
            return False
        return _has_ground(draft, self.taken)

    def gain(self, draft: SceneDraft) -> float:
        """How much a scene adds to those that are taken."""
        kinds = Counter(d.kind for d in self.taken)
        known = frozenset(t for d in self.taken for t in d.terms)
        explaining = [d for d in self.taken if d.kind in ("definition", "comparison")]
        explained = frozenset(t for d in explaining for t in d.terms)
        gain = draft.worth + (_NEW_KIND if not kinds[draft.kind] else -_SAME_KIND * kinds[draft.kind])
        gain += _SHARED_TERM * bool(draft.terms & known)
        gain -= _LENGTH * max(0.0, draft.least - self.seconds / FEWEST_SCENES)
        if draft.kind == "definition":
            gain += _FIRST_DEFINITIONS * (kinds["definition"] + kinds["comparison"] < 2)
            gain += _NEAR * (bool(known) and self.material.are_near(draft.terms, known))
        if draft.kind in ("definition", "comparison"):
            gain -= _SAID_BEFORE * len(draft.terms & explained)
        if draft.kind not in _ON_THE_SAME:
            gain -= _SAID_BEFORE * len(draft.sources & frozenset(s for d in self.taken for s in d.sources))
        return gain


def _has_ground(draft: SceneDraft, taken: Sequence[SceneDraft]) -> bool:
    """Curves and examples follow their equation, questions what they are about."""
    if draft.kind in ("plot", "worked_example"):
        return any(d.kind == "equation" and d.anchor == draft.anchor for d in taken)
    if draft.kind == "checkpoint":
        return any(d.kind in ("definition", "comparison") and draft.terms <= d.terms for d in taken)
    return True


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
                if longer <= _LASTS_TOO_LONG * seconds and scene.more[depth] not in sentences:
                    sentences.append(scene.more[depth])
                if longer >= seconds:
                    return said
    return said
