"""P5: a six-scene lesson against the `manim` command line: cold, one scene changed, unchanged.

usage: python -m bench.render [--rounds N] [--resolution 480|720|1080]

Prints one JSON line. `ours_cold` is a fresh process that imports Manim, speaks, renders six scenes at 25 pictures a
second and joins them with captions, chapters and thumbnail. `manim_cold` is `manim render --write_all
--disable_caching` of the same storyboards: the same texts, panels, lines and curves at the same places and times, as
Manim's own Text, FadeIn, Create and wait at the same size and rate, without voice, captions or joining.
`manim_15fps_cold` is the same at Manim's own low-quality rate. `ours_changed` and `ours_unchanged` are a running
worker that finds five or all six parts stored under their keys. Rounds are interleaved; figures are medians in seconds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from mootion.video.v1 import script_pb2 as script
from mootion.video.v1 import video_pb2

from workers.render.elements import Disc, Element, Panel, Stroke, Symbols, Words
from workers.render.layout import lay_out
from workers.render.part import RenderedPart, scene_key
from workers.render.scene import narration, render_scene
from workers.render.stitch import stitch
from workers.render.timeline import plan
from workers.render.voice import EspeakVoice

RESOLUTIONS = {
    480: video_pb2.RESOLUTION_480P,
    720: video_pb2.RESOLUTION_720P,
    1080: video_pb2.RESOLUTION_1080P,
}
LEAST_RATIO, MOST_CHANGED, MOST_UNCHANGED = 1.6, 0.25, 0.5


def lesson() -> list[script.Scene]:
    """Six scenes that are spoken for a little over a minute."""
    text = Path(__file__).with_name("render_lesson.textproto").read_text(encoding="utf-8")
    return list(text_format.Parse(text, script.LessonScript()).scenes)


MANIM_SCRIPT = """
import json
from pathlib import Path

from manim import *

config.frame_height, config.frame_width = 8.0, 8.0 * 16 / 9
config.background_color = "#0F1729"
SCENES = json.loads(Path(__file__).with_name("scenes.json").read_text())
try:
    import manimpango
    from importlib import resources
    for weight in ("Regular", "Semibold", "Bold"):
        manimpango.register_font(str(resources.files("font_source_sans_pro") / f"files/SourceSansPro-{weight}.otf"))
except ModuleNotFoundError:
    pass
WEIGHTS = {400: NORMAL, 600: SEMIBOLD, 700: BOLD}


def at(x, y):
    return np.array(((x - 426.667) / 60, (240 - y) / 60, 0.0))


def made(thing):
    kind = thing["kind"]
    if kind == "text":
        text = Text(thing["text"], font=thing["family"], weight=WEIGHTS[thing["weight"]],
                    font_size=thing["size"] * 72 / 60, color=thing["colour"])
        return text.move_to(at(*thing["centre"])), FadeIn
    if kind == "formula":
        formula = SVGMobject(thing["svg"], height=thing["height"] / 60).set_color(thing["colour"])
        return formula.move_to(at(*thing["centre"])), Write
    if kind == "panel":
        panel = RoundedRectangle(corner_radius=thing["radius"] / 60, width=thing["width"] / 60,
                                 height=thing["height"] / 60, stroke_width=0, fill_color=thing["fill"],
                                 fill_opacity=1)
        return panel.move_to(at(*thing["centre"])), FadeIn
    if kind == "disc":
        return Dot(at(*thing["centre"]), radius=thing["radius"] / 60, color=thing["fill"]), FadeIn
    line = VMobject(stroke_width=thing["line_width"] / 0.6, color=thing["colour"])
    line.set_points_as_corners([at(*point) for point in thing["points"]])
    return line, Create


class Lesson(Scene):
    number = 0

    def construct(self):
        scene = SCENES[self.number]
        shown, now = {}, 0.0
        for index, step in enumerate(scene["steps"]):
            if step["time"] > now + 0.03:
                self.wait(step["time"] - now)
                now = step["time"]
            gone = [shown.pop(name) for name in step["leave"] if name in shown]
            animations = [FadeOut(thing, run_time=0.32) for thing in gone]
            for name, thing in step["enter"].items():
                mobject, animation = made(thing)
                shown[name] = mobject
                animations.append(animation(mobject, run_time=thing["seconds"]))
            if animations:
                self.play(*animations)
                now += max(animation.run_time for animation in animations)
        if scene["end"] > now:
            self.wait(scene["end"] - now)
"""


def manim_scenes(folder: Path) -> None:
    """Writes the lesson's storyboards as data and a Manim script that plays them."""
    (folder / "scenes.json").write_text(json.dumps([_as_data(scene, folder) for scene in lesson()]))
    classes = "".join(f"\n\nclass Scene{n}(Lesson):\n    number = {n}\n" for n in range(len(lesson())))
    (folder / "lesson.py").write_text(MANIM_SCRIPT + classes)


def _as_data(scene: script.Scene, folder: Path) -> dict[str, Any]:
    board = lay_out(scene)
    timeline = plan(board.steps, EspeakVoice().say(narration(scene), "en"))
    steps: list[dict[str, Any]] = [{"time": time, "enter": {}, "leave": []} for time in timeline.steps]
    for number, item in enumerate(board.items):
        for part, thing in enumerate(_things(item.element, folder)):
            name = f"{number}.{part}"
            steps[item.enter]["enter"][name] = thing
            if item.leave is not None and item.leave < len(steps):
                steps[item.leave]["leave"].append(name)
    return {"steps": steps, "end": timeline.duration}


def _things(element: Element, folder: Path) -> list[dict[str, Any]]:
    """What Manim's script has to make for one element."""
    box = element.ink
    match element:
        case Words(block=block, colour=colour):
            lines = [block.part(n, n + 1) for n in range(len(block.lines))]
            tops = [baseline - block.baselines[0] for baseline in block.baselines]
            centres = [
                line.ink.moved(element.x, element.y + top).centre
                for line, top in zip(lines, tops, strict=True)
            ]
            style = block.style
            return [
                {"kind": "text", "text": line.lines[0].text, "family": style.font.family, "weight": style.weight,
                 "size": style.size, "colour": colour, "centre": centre, "seconds": 0.44}
                for line, centre in zip(lines, centres, strict=True) if line.lines[0].text
            ]  # fmt: skip
        case Symbols(formula=formula, colour=colour):
            path = folder / f"formula{abs(hash((formula.latex_lines, colour))) % 10**8}.svg"
            import ziamath.zmath

            path.write_text(ziamath.zmath.Latex(" ".join(formula.latex_lines), size=40).svg())
            return [
                {"kind": "formula", "svg": str(path), "height": box.height, "colour": colour, "centre": box.centre,
                 "seconds": 0.6}
            ]  # fmt: skip
        case Panel(fill=fill, radius=radius):
            radius = min(radius, box.width / 2, box.height / 2)
            return [
                {"kind": "panel", "fill": fill, "radius": radius, "width": box.width, "height": box.height,
                 "centre": box.centre, "seconds": 0.44}
            ]  # fmt: skip
        case Disc():
            return [asdict(element) | {"kind": "disc", "seconds": 0.32}]
        case Stroke(points=points, width=width, colour=colour):
            return [
                {"kind": "line", "points": points, "line_width": width, "colour": colour, "seconds": 0.72}
            ]


def render_lesson(
    scenes: list[script.Scene],
    resolution: video_pb2.Resolution.ValueType,
    stored: dict[str, RenderedPart],
    folder: Path,
) -> float:
    """Renders what is not stored yet and joins all; gives the lesson's length in seconds."""
    parts = []
    for scene in scenes:
        key = scene_key(scene, resolution, "en")
        if key not in stored:
            (folder / key).mkdir()
            stored[key] = render_scene(scene, resolution, "en", folder / key)
        parts.append(stored[key])
    return stitch(parts, "How plants make food", folder).duration_seconds


def _cold(height: int) -> tuple[float, float]:
    """Seconds for the lesson in a fresh process, and the lesson's length."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bench.render", "--once", "--resolution", str(height)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - begun, float(done.stdout.split()[-1])


def _manim(height: int, rate: int) -> float:
    """Seconds for the same storyboards by the command line in a fresh folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manim_scenes(folder)
        width = round(height * 16 / 9 / 2) * 2
        command = [
            sys.executable, "-m", "manim", "render", "--write_all", "--disable_caching", "--progress_bar", "none",
            "-v", "error", "-r", f"{width},{height}", "--fps", str(rate), "--media_dir", str(folder / "media"),
            str(folder / "lesson.py"),
        ]  # fmt: skip
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        return time.perf_counter() - begun


def _running(height: int) -> tuple[float, float, float]:
    """Seconds of a running worker for the whole lesson, with one scene changed, and unchanged."""
    resolution, stored, seconds = RESOLUTIONS[height], dict[str, RenderedPart](), []
    with tempfile.TemporaryDirectory() as name:
        scenes = lesson()
        render_lesson([scenes[4]], resolution, {}, Path(tempfile.mkdtemp(dir=name)))
        for change in (None, "More light, more and more sugar", None):
            if change:
                scenes[4].title = change
            folder = Path(tempfile.mkdtemp(dir=name))
            begun = time.perf_counter()
            render_lesson(scenes, resolution, stored, folder)
            seconds.append(time.perf_counter() - begun)
    return seconds[0], seconds[1], seconds[2]


def measure(rounds: int, height: int) -> dict[str, Any]:
    """Medians over interleaved rounds."""
    rows: list[dict[str, float]] = []
    for _ in range(rounds):
        cold, length = _cold(height)
        full, changed, unchanged = _running(height)
        rows.append(
            {
                "lesson_seconds": length, "ours_cold": cold, "manim_cold": _manim(height, 25),
                "manim_15fps_cold": _manim(height, 15), "ours_running": full, "ours_changed": changed,
                "ours_unchanged": unchanged,
            }
        )  # fmt: skip
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    return medians | {
        "manim_to_ours": medians["manim_cold"] / medians["ours_cold"],
        "manim_15fps_to_ours": medians["manim_15fps_cold"] / medians["ours_cold"],
        "changed_to_full": medians["ours_changed"] / medians["ours_running"],
        "work_per_second_of_video": medians["ours_cold"] / medians["lesson_seconds"],
    }


def main() -> None:
    """Prints one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--resolution", type=int, choices=sorted(RESOLUTIONS), default=480)
    parser.add_argument("--once", action="store_true", help="render the lesson once and print its length")
    options = parser.parse_args()
    if options.once:
        with tempfile.TemporaryDirectory() as name:
            print(render_lesson(lesson(), RESOLUTIONS[options.resolution], {}, Path(name)))
        return
    figures = measure(options.rounds, options.resolution)
    passed = (
        figures["manim_15fps_to_ours"] >= LEAST_RATIO
        and figures["changed_to_full"] <= MOST_CHANGED
        and figures["ours_unchanged"] < MOST_UNCHANGED
    )
    rounded = {name: round(value, 3) for name, value in figures.items()}
    facts = {"id": "P5", "n": options.rounds, "seed": 0, "pass": passed, "resolution": options.resolution}
    print(json.dumps(facts | rounded))


if __name__ == "__main__":
    main()
