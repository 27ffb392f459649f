"""Scripts that are too large are refused before a scene of them is queued."""

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import script_pb2 as script

from mesh.errors import CallError
from services.video.cost import MOST_SECONDS, ScriptGauge, spoken_seconds


def lesson(*scenes: script.Scene) -> script.LessonScript:
    return script.LessonScript(title="Waves", scenes=scenes)


def scene(**content: object) -> script.Scene:
    return script.Scene(title="A scene", **content)  # type: ignore[arg-type]


TOO_COSTLY = {
    "a list of a million points": lesson(scene(bullets=script.BulletsContent(points=["p"] * 1_000_000))),
    "more points than the contract allows": lesson(scene(bullets=script.BulletsContent(points=["p"] * 25))),
    "more scenes than the contract allows": lesson(*[scene(narration=["Hello."])] * 41),
    "hours of narration": lesson(*[scene(narration=["word " * 200] * 30)] * 2),
    "a plot from nothing": lesson(
        scene(plot=script.PlotContent(expression="x", x_min=float("nan"), x_max=1.0))
    ),
    "a plot to infinity": lesson(
        scene(plot=script.PlotContent(expression="x", x_min=0.0, x_max=float("inf")))
    ),
}


@pytest.mark.parametrize("costly", TOO_COSTLY.values(), ids=TOO_COSTLY.keys())
def test_a_script_beyond_the_limits_is_refused(costly: script.LessonScript) -> None:
    with pytest.raises(CallError) as refused:
        ScriptGauge().check(costly)
    assert refused.value.reason == reason_pb2.REASON_SCENE_TOO_COSTLY


def test_the_longest_lesson_that_can_be_asked_for_is_admitted() -> None:
    ten_minutes = lesson(*[scene(narration=["a" * 840])] * 10)
    assert spoken_seconds(ten_minutes) == 600.0 < MOST_SECONDS
    ScriptGauge().check(ten_minutes)
