"""What a scene would cost, estimated before anything is laid out, spoken or drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

from google.protobuf.message import Message
from mootion.video.v1 import script_pb2

from workers.render.errors import SceneTooCostlyError

SPOKEN_LETTERS_A_SECOND = 14.0
MOST_SECONDS = 600.0
"""Longest scene in seconds; also the longest lesson that can be asked for."""

MOST_LETTERS = 20_000
"""Most letters that one scene may show."""

MOST_OBJECTS = 120
"""Most points, steps, nodes, arrows and the like in one scene."""

MOST_SENTENCES = 30


@dataclass(frozen=True)
class Cost:
    """Letters shown, things shown, and seconds that the narration takes."""

    letters: int
    objects: int
    seconds: float


def estimate_cost(scene: script_pb2.Scene) -> Cost:
    """The cost of `scene`, from its texts and counts alone."""
    content = scene.WhichOneof("content")
    letters, objects = _measure(getattr(scene, content)) if content else (0, 0)
    seconds = sum(len(sentence) for sentence in scene.narration) / SPOKEN_LETTERS_A_SECOND
    return Cost(letters + len(scene.title), objects, seconds)


def check_cost(scene: script_pb2.Scene) -> None:
    """Raises SceneTooCostlyError when the scene is larger than may be rendered."""
    cost = estimate_cost(scene)
    limits = (
        (cost.letters > MOST_LETTERS, f"shows {cost.letters} letters; at most {MOST_LETTERS} are rendered"),
        (cost.objects > MOST_OBJECTS, f"has {cost.objects} parts; at most {MOST_OBJECTS} are rendered"),
        (len(scene.narration) > MOST_SENTENCES, f"has more than {MOST_SENTENCES} sentences of narration"),
        (
            cost.seconds > MOST_SECONDS,
            f"would be spoken for {cost.seconds:.0f} s; at most {MOST_SECONDS:.0f} s",
        ),
        (not _finite(scene), "has a number that is not finite"),
    )
    for exceeded, what in limits:
        if exceeded:
            raise SceneTooCostlyError(f"the scene {what}; split it or make it shorter")


def _finite(scene: script_pb2.Scene) -> bool:
    return math.isfinite(scene.plot.x_min) and math.isfinite(scene.plot.x_max)


def _measure(message: Message) -> tuple[int, int]:
    """Letters in all texts of `message`, and how many things its lists have."""
    letters = objects = 0
    for field, value in message.ListFields():
        values = list(value) if field.is_repeated else [value]
        objects += len(values) if field.is_repeated else 0
        for entry in values:
            if isinstance(entry, str):
                letters += len(entry)
            elif isinstance(entry, Message):
                inner = _measure(entry)
                letters, objects = letters + inner[0], objects + inner[1]
    return letters, objects
