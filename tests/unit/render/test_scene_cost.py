"""Scenes that would cost too much are refused before any work."""

import time

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import script_pb2 as script

from tests.stopwatch import quickest_of
from workers.render.cost import check_cost, estimate_cost
from workers.render.errors import SceneTooCostlyError
from workers.render.layout import lay_out

HUGE = "x" * 1_000_000


def hostile_scenes() -> list[script.Scene]:
    nodes = [script.GraphContentNode(key=str(n), label="n") for n in range(100_000)]
    columns = [script.ComparisonColumn(heading="h", points=["p"] * 5_000) for _ in range(40)]
    return [
        script.Scene(title=HUGE, title_card=script.TitleContent(subtitle="s")),
        script.Scene(bullets=script.BulletsContent(points=["p"] * 1_000_000)),
        script.Scene(bullets=script.BulletsContent(points=[HUGE])),
        script.Scene(definition=script.DefinitionContent(term="t", meaning=HUGE)),
        script.Scene(equation=script.EquationContent(latex="{" * 1_000_000)),
        script.Scene(
            equation=script.EquationContent(latex="x", symbols=[script.EquationSymbol(latex="x")] * 9_999)
        ),
        script.Scene(plot=script.PlotContent(expression="x", x_min=float("nan"), x_max=1.0)),
        script.Scene(plot=script.PlotContent(expression="x", x_min=0.0, x_max=float("inf"))),
        script.Scene(graph=script.GraphContent(nodes=nodes)),
        script.Scene(process=script.ProcessContent(steps=["s"] * 50_000)),
        script.Scene(comparison=script.ComparisonContent(columns=columns)),
        script.Scene(timeline=script.TimelineContent(events=[script.TimelineEvent(when="w")] * 10_000)),
        script.Scene(code=script.CodeContent(source="a = 1\n" * 200_000)),
        script.Scene(worked_example=script.WorkedExampleContent(problem=HUGE)),
        script.Scene(checkpoint=script.CheckpointContent(question="q", options=["o"] * 10_000)),
        script.Scene(bullets=script.BulletsContent(points=["p"]), narration=["word " * 100_000]),
        script.Scene(bullets=script.BulletsContent(points=["p"]), narration=["short."] * 5_000),
    ]


@pytest.mark.parametrize("scene", hostile_scenes(), ids=lambda scene: str(scene.WhichOneof("content")))
def test_hostile_sizes_are_refused_at_once(scene: script.Scene) -> None:
    def took() -> float:
        begun = time.thread_time()
        with pytest.raises(SceneTooCostlyError) as caught:
            check_cost(scene)
        seconds = time.thread_time() - begun
        assert caught.value.reason == reason_pb2.REASON_SCENE_TOO_COSTLY
        assert "split it or make it shorter" in caught.value.message
        return seconds

    assert quickest_of(took, 2.0) < 2.0


def test_the_largest_scene_of_the_contract_is_admitted_and_laid_out() -> None:
    scene = script.Scene(
        title="t" * 300, bullets=script.BulletsContent(points=["Long words here. " * 35] * 24)
    )
    check_cost(scene)
    assert len(lay_out(scene).steps) >= 24


def test_the_estimate_counts_letters_things_and_spoken_seconds() -> None:
    scene = script.Scene(title="ab", process=script.ProcessContent(steps=["cde", "f"]), narration=["g" * 28])
    cost = estimate_cost(scene)
    assert (cost.letters, cost.objects, cost.seconds) == (6, 2, 2.0)
