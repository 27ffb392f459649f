"""A scene as a sequence of steps: what appears, what leaves, and which words of the narration go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from workers.render.elements import Element


class DoesNotFitError(Exception):
    """This layout has no room for the scene; another may."""


class Motion(Enum):
    """How an element appears."""

    FADE = "fade"
    RISE = "rise"
    DRAW = "draw"
    WIPE = "wipe"
    DRAIN = "drain"


@dataclass
class Item:
    """An element, the step it appears at and the step it is gone at; None: it stays.

    `level` is what it is in front of: 0 for most, below 0 for what lies behind. When `replaced`, it leaves without
    motion once what follows it is there.
    """

    element: Element
    enter: int
    motion: Motion
    delay: float = 0.0
    leave: int | None = None
    level: int = 0
    replaced: bool = False

    def is_visible(self, step: int) -> bool:
        """Whether it is seen at the end of `step`."""
        return self.enter <= step and (self.leave is None or step < self.leave)


@dataclass(frozen=True)
class Step:
    """A moment at which the picture changes.

    `spoken` is what the narration is likely to say then, in the scene's own words. A `silent` step lasts `dwell`
    seconds in which nothing is said; any other is seen for at least `dwell` seconds.
    """

    spoken: str
    dwell: float = 0.6
    silent: bool = False


@dataclass
class Storyboard:
    """Steps and items of a scene, filled in from first to last."""

    steps: list[Step] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _focused: list[tuple[Item, Element]] = field(default_factory=list)

    def step(self, spoken: str, dwell: float = 0.6, silent: bool = False) -> int:
        """Begins a step; what the step before put into focus becomes calm."""
        self.steps.append(Step(spoken, dwell, silent))
        for item, calm in self._focused:
            if item.leave is None:
                self.replace(item, calm)
        self._focused.clear()
        return self.now

    @property
    def now(self) -> int:
        """Number of the present step, from 0."""
        return len(self.steps) - 1

    def show(
        self, element: Element, motion: Motion = Motion.FADE, delay: float = 0.0, level: int = 0
    ) -> Item:
        """Lets `element` appear at the present step, `delay` seconds after its beginning."""
        item = Item(element, self.now, motion, delay, level=level)
        self.items.append(item)
        return item

    def replace(self, item: Item, element: Element) -> Item:
        """Puts `element` in the place of `item` at the present step."""
        item.leave, item.replaced = self.now, True
        return self.show(element, level=item.level)

    def focus(self, bright: Sequence[Element], calm: Sequence[Element], motion: Motion = Motion.RISE) -> None:
        """Shows `bright` until the next step begins and `calm`, the same in other colours, from then on."""
        for element, later in zip(bright, calm, strict=True):
            item = self.show(element, motion)
            if later != element:
                self._focused.append((item, later))

    def turn_page(self, keep: Sequence[Item] = ()) -> None:
        """Everything but `keep` leaves when the next step begins."""
        for item in self.items:
            if item.leave is None and not any(item is kept for kept in keep):
                item.leave = self.now + 1

    def visible(self, step: int) -> list[Element]:
        """What is seen at the end of `step`, from back to front."""
        shown = sorted((item for item in self.items if item.is_visible(step)), key=lambda item: item.level)
        return [item.element for item in shown]
