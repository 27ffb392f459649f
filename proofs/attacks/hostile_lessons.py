"""Lessons that ask for too much, and lessons that say what an interpreter would obey."""

from collections.abc import Mapping
from typing import Any

from mootion.video.v1 import script_pb2 as pb

HUGE = 2_000_000
# In every text that must stay a text.
MARKER = "Zmootionmarker"


def costly() -> Mapping[str, pb.LessonScript]:
    """Each larger than anything that may be rendered: at 30 frames a second, a billion frames and more in one case."""
    points, nodes = ["p"] * 1_000_000, [pb.GraphContentNode(key=str(n), label="n") for n in range(20_000)]
    edges = [pb.GraphContentEdge(source_key="0", target_key="1")] * 100_000
    text, lines = "x" * HUGE, "a = 1\n" * 400_000
    scenes: dict[str, dict[str, Any]] = {
        "a million points": {"bullets": pb.BulletsContent(points=points)},
        "one endless point": {"bullets": pb.BulletsContent(points=[text])},
        "an endless title": {"title": text, "title_card": pb.TitleContent(subtitle="s")},
        "an endless subtitle": {"title_card": pb.TitleContent(subtitle=text)},
        "an endless term": {"definition": pb.DefinitionContent(term=text, meaning="m")},
        "an endless meaning": {"definition": pb.DefinitionContent(term="t", meaning=text)},
        "an endless example": {"definition": pb.DefinitionContent(term="t", meaning="m", example=text)},
        "an endless formula": {"equation": pb.EquationContent(latex="{" * HUGE)},
        "nested fractions without end": {"equation": pb.EquationContent(latex=r"\frac{1}{" * 200_000)},
        "a million symbols": {
            "equation": pb.EquationContent(latex="x", symbols=[pb.EquationSymbol(latex="x")] * 500_000)
        },
        "an endless expression": {"plot": pb.PlotContent(expression="x+" * 500_000 + "x", x_max=1)},
        "a plot that ends nowhere": {"plot": pb.PlotContent(expression="x", x_max=float("inf"))},
        "a plot that begins nowhere": {
            "plot": pb.PlotContent(expression="x", x_min=float("-inf"), x_max=1.0)
        },
        "a plot from nothing": {"plot": pb.PlotContent(expression="x", x_min=float("nan"), x_max=1.0)},
        "a plot to nothing": {"plot": pb.PlotContent(expression="x", x_min=0.0, x_max=float("nan"))},
        "twenty thousand nodes": {"graph": pb.GraphContent(nodes=nodes)},
        "a hundred thousand arrows": {"graph": pb.GraphContent(nodes=nodes[:2], edges=edges)},
        "a million steps": {"process": pb.ProcessContent(steps=points)},
        "ten thousand columns": {
            "comparison": pb.ComparisonContent(columns=[pb.ComparisonColumn(points=["p"])] * 10_000)
        },
        "columns of a million points": {
            "comparison": pb.ComparisonContent(columns=[pb.ComparisonColumn(points=points[:400_000])] * 2)
        },
        "a million dates": {"timeline": pb.TimelineContent(events=[pb.TimelineEvent(when="w")] * 300_000)},
        "an endless date": {"timeline": pb.TimelineContent(events=[pb.TimelineEvent(when=text)])},
        "an endless program": {"code": pb.CodeContent(language="python", source=lines)},
        "an endless language": {"code": pb.CodeContent(language=text, source="a")},
        "an endless problem": {"worked_example": pb.WorkedExampleContent(problem=text)},
        "a million calculations": {"worked_example": pb.WorkedExampleContent(problem="p", steps=points)},
        "a million options": {"checkpoint": pb.CheckpointContent(question="q", options=points)},
        "an endless question": {"checkpoint": pb.CheckpointContent(question=text)},
        "hours of narration": {"bullets": _one(), "narration": ["word " * 400_000]},
        "a million sentences": {"bullets": _one(), "narration": ["Go."] * 500_000},
    }
    found = {name: _lesson(name, pb.Scene(**content)) for name, content in scenes.items()}
    return {**found, "ten thousand scenes": _lesson("ten thousand scenes", *_short_scenes(10_000))}


def long_but_each_short() -> pb.LessonScript:
    """A billion frames' worth of lesson would be 500 MB of narration; this is half an hour over what is made, and each
    scene alone could be rendered."""
    scene = pb.Scene(title="Long", narration=["word " * 190] * 20, bullets=_one())
    return _lesson("long, each scene short", *[scene] * 20)


def inert(folder: str) -> Mapping[str, pb.LessonScript]:
    """Texts that mean something to an interpreter, and must be letters here.

    Args:
        folder: where obeying would leave a file, or read one.
    """
    texts = {
        "python": f"__import__('os').system('touch {folder}/python') # {MARKER}",
        "shell": f"$(touch {folder}/shell) `touch {folder}/shell` ; touch {folder}/shell # {MARKER}",
        "options": f"--output={folder}/options -f /etc/passwd {MARKER}",
        "format": f"{{0.__class__.__init__.__globals__}} %n%n%s {MARKER}",
        "pango markup": f'<span font="1000000" foreground="{MARKER}">x</span><b>',
        "speech markup": f'<speak><audio src="file:///etc/passwd"/>{MARKER}</speak>',
        "spoken phonemes": f"[[{MARKER}]] <mark name='x'/>",
        "svg": f'<svg><image href="file:///etc/passwd"/><script>{MARKER}</script></svg>',
        "web page": f"<img src=x onerror=alert(1)> <iframe src=file:///etc/passwd> {MARKER}",
        "film filter": f"movie=/etc/passwd,drawtext=textfile=/etc/passwd:{MARKER}; concat:/etc/passwd|x",
        "captions": f"WEBVTT\n\n00:00.000 --> 99:00.000\n{MARKER}\n\nNOTE",
        "path": f"../../../../{folder}/path/{MARKER}",
        "database": f"'; DROP TABLE videos; -- {MARKER}",
        "control": f"\x00\x1b]0;{MARKER}\x07\u202e\u2066{MARKER}\ufeff",
    }
    found = {name: _said(name, text) for name, text in texts.items()}
    plots = {
        "plot of code": f"__import__('os').system('touch {folder}/plot')",
        "plot of attributes": "().__class__.__bases__[0].__subclasses__()",
        "plot of a tower": "9**9**9**9",
        "plot of a call": "exec('x')",
        "plot of a name": MARKER,
    }
    found |= {
        name: _lesson(name, pb.Scene(plot=pb.PlotContent(expression=expression, x_max=1)))
        for name, expression in plots.items()
    }
    formulas = {
        "formula that writes": rf"\immediate\write18{{touch {folder}/latex}} {MARKER}",
        "formula that reads": rf"\input{{/etc/passwd}} \include{{/etc/passwd}} {MARKER}",
        "formula without end": r"\def\a{\a\a}\a",
    }
    return found | {
        name: _lesson(name, pb.Scene(equation=pb.EquationContent(latex=latex)))
        for name, latex in formulas.items()
    }


def _said(name: str, text: str) -> pb.LessonScript:
    """The text in every place of a scene that takes one."""
    scene = pb.Scene(
        scene_id=text[:64],
        title=text,
        narration=[text],
        graph=pb.GraphContent(
            nodes=[pb.GraphContentNode(key=text[:64], label=text), pb.GraphContentNode(key="b", label="b")],
            edges=[pb.GraphContentEdge(source_key=text[:64], target_key="b")],
        ),
    )
    code = pb.Scene(scene_id="c", title=text, code=pb.CodeContent(language=text[:30], source=text))
    return _lesson(name, scene, code)


def _one() -> pb.BulletsContent:
    return pb.BulletsContent(points=["p"])


def _short_scenes(count: int) -> list[pb.Scene]:
    return [pb.Scene(scene_id=f"s{number}", narration=["Go."], bullets=_one()) for number in range(count)]


def _lesson(title: str, *scenes: pb.Scene) -> pb.LessonScript:
    return pb.LessonScript(title=title, scenes=scenes, language="en")
