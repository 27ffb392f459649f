"""When each sentence is said and each step of the storyboard is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.render.frame import FRAME_RATE
from workers.render.mention import stems

if TYPE_CHECKING:
    from workers.render.storyboard import Step
    from workers.render.voice import Utterance

LEAD_IN = 0.48
"""Seconds of picture before the first word."""

PAUSE = 0.34
"""Seconds between two sentences."""

TAIL = 1.0
"""Seconds of picture after the last word."""

AHEAD = 0.16
"""Seconds that a step is shown before the words that go with it."""

LAST_DWELL = 1.6
SILENT_GAP = 0.2
FRAMES_PER_BLOCK = 8
"""A part lasts a whole number of such blocks: 8 pictures last as long as 15 AAC frames."""

READING_RATE = 2.6
"""Words a second that a viewer reads when nothing is said."""

NEARNESS = 0.45
"""How much a step may be moved along the narration by what it says, against an even spread."""


@dataclass(frozen=True)
class Timeline:
    """Start in seconds of each step and each sentence, and the length of the part in pictures."""

    steps: list[float]
    sentences: list[float]
    frames: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / FRAME_RATE


def plan(steps: Sequence[Step], utterances: Sequence[Utterance]) -> Timeline:
    """Lets every step begin with the sentence that speaks of it; steps keep their order and their dwell.

    Where steps need longer than their sentence, the next sentence waits.
    """
    places = assigned(steps, [utterance.text for utterance in utterances])
    schedule = _Schedule(steps)
    for number, utterance in enumerate(utterances):
        schedule.say(utterance, [step for step, place in enumerate(places) if place == number])
    for step in range(len(schedule.times), len(steps)):
        schedule.show_unspoken(step)
    blocks = math.ceil(schedule.end() * FRAME_RATE / FRAMES_PER_BLOCK - 1e-9)
    times = [round(time * FRAME_RATE) / FRAME_RATE for time in schedule.times]
    return Timeline(times, schedule.starts, blocks * FRAMES_PER_BLOCK)


class _Schedule:
    """Times of steps and sentences, filled in from first to last."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._free = 0.0
        self._spoken_until = LEAD_IN - PAUSE
        self.times: list[float] = []
        self.starts: list[float] = []

    def say(self, utterance: Utterance, own: Sequence[int]) -> None:
        """Adds a sentence and the steps that go with it."""
        waits = self._free + AHEAD if self.starts and own else 0.0
        start = max(self._spoken_until + PAUSE, waits)
        self.starts.append(start)
        self._spoken_until = start + utterance.duration
        for step, offset in zip(own, _offsets([self._steps[i] for i in own], utterance), strict=True):
            if self._steps[step].silent:
                self._show(step, self._spoken_until + SILENT_GAP)
            else:
                self._show(step, start + offset - AHEAD)
        if own and self._steps[own[-1]].silent:
            self._spoken_until = self._free - PAUSE

    def show_unspoken(self, step: int) -> None:
        """Adds a step after the last sentence, for as long as reading it takes."""
        self._show(step, self._spoken_until + SILENT_GAP)
        if not self._steps[step].silent:
            self._free = max(self._free, self.times[step] + _reading(self._steps[step]))

    def end(self) -> float:
        """When everything is said and seen."""
        last = self.times[-1] if self.times else 0.0
        return max(self._spoken_until + TAIL, self._free, last + LAST_DWELL)

    def _show(self, step: int, wish: float) -> None:
        """Shows a step when it is wished, or as soon as the one before was seen; the first at once."""
        self.times.append(max(wish, self._free) if step else 0.0)
        self._free = self.times[step] + self._steps[step].dwell


def _reading(step: Step) -> float:
    return max(1.0, len(step.spoken.split()) / READING_RATE)


def _offsets(steps: Sequence[Step], utterance: Utterance) -> list[float]:
    """When each step of one sentence begins: with the first of its own words, else evenly spread."""
    offsets: list[float] = []
    for place, step in enumerate(steps):
        even = utterance.duration * place / max(1, len(steps))
        wanted = stems(step.spoken)
        said = [
            word.start
            for word in utterance.words
            if stems(utterance.text[word.first : word.last]) & wanted and word.start >= (offsets or [0.0])[-1]
        ]
        wish = (said[0] if said else even) if place else 0.0
        offsets.append(max([wish, *offsets[-1:]]))
    return offsets


def assigned(steps: Sequence[Step], sentences: Sequence[str]) -> list[int]:
    """The sentence each step belongs to; the number of sentences for steps after the last one.

    Words that a step and a sentence share pull them together, evenness holds them apart: the best sum, by dynamic
    programming. A step after a silent one never belongs to the sentence before the silence.
    """
    if not sentences:
        return [0] * len(steps)
    after = _after_silence(steps)
    said = [stems(sentence) for sentence in sentences]
    best: list[list[float]] = []
    origin: list[list[int]] = []
    for index, step in enumerate(steps):
        scores = _scores(step, index, len(steps), said, bool(any(after[: index + 1])))
        row, came = [], []
        for sentence, score in enumerate(scores):
            reach = sentence if not after[index] or sentence == len(sentences) else sentence - 1
            if index == 0:
                previous, source = (0.0, 0) if sentence == 0 else (-math.inf, 0)
            else:
                options = best[-1][: reach + 1]
                source = max(range(len(options)), key=lambda i: options[i]) if options else 0
                previous = options[source] if options else -math.inf
            row.append(previous + score)
            came.append(source)
        best.append(row)
        origin.append(came)
    return _traced(best, origin)


def _traced(best: list[list[float]], origin: list[list[int]]) -> list[int]:
    if not best:
        return []
    place = max(range(len(best[-1])), key=lambda i: best[-1][i])
    places = [place]
    for row in reversed(origin[1:]):
        place = row[place]
        places.append(place)
    return places[::-1]


def _after_silence(steps: Sequence[Step]) -> list[bool]:
    return [index > 0 and steps[index - 1].silent for index in range(len(steps))]


def _scores(
    step: Step, index: int, count: int, sentences: Sequence[frozenset[str]], late: bool
) -> list[float]:
    """How well a step goes with each sentence, and last with none. A word counts in full where it is said first."""
    wanted = stems(step.spoken)
    heard: set[str] = set()
    scores = []
    for place, said in enumerate(sentences):
        weight = sum(0.5 if word in heard else 1.0 for word in wanted & said)
        fit = weight / math.sqrt(len(wanted) * len(said)) if weight else 0.0
        scores.append(fit / NEARNESS - abs(place / len(sentences) - index / count))
        heard |= said
    return [*scores, -1.0 if late else -math.inf]
