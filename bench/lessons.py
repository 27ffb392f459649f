"""Twenty lessons made from the sample chapter, as contact sheets for the eye and figures for the length.

usage: python -m bench.lessons [--out DIR] [--count N] [--full N] [--sheets DIR] [--documents FILE ...]

Every lesson is written by the built-in engine from the chapter, from one of its sections or on a topic in it, with
another seed and length. The sheet of a lesson shows each scene at its last step of every page. Printed for each: its
scenes, words, predicted and real length (layout and voice, planned as the renderer plans it), and geometry faults. The
first `--full` lessons (default 3) are rendered and joined as well, to see that the file lasts as long as its plan. With
`--sheets`, overviews of four lessons each are written there with few colours.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from google.protobuf.duration_pb2 import Duration
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest
from mootion.video.v1.script_pb2 import LessonScript, Scene
from mootion.video.v1.video_pb2 import RESOLUTION_480P
from PIL import Image, ImageDraw

from services.llm.extractive.lesson import write_script
from services.llm.extractive.lesson.scene_draft import SILENT_SECONDS
from services.llm.extractive.lesson.speech import seconds_of
from services.llm.extractive.too_little_content import TooLittleContent
from workers.documents.sandbox import read_document
from workers.render.frame import pixel_size
from workers.render.geometry import check_storyboard
from workers.render.layout import lay_out
from workers.render.scene import narration, render_scene
from workers.render.stage import still
from workers.render.stitch import stitch
from workers.render.storyboard import Storyboard
from workers.render.timeline import plan
from workers.render.voice import EspeakVoice

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLES = (EXAMPLES / "waves-and-sound.pdf", EXAMPLES / "waves-and-sound.docx")
TARGETS = (75, 60, 90, 45)
TOPICS = ("frequency", "sound", "resonance", "the Doppler effect", "interference", "standing waves", "energy")
COLUMNS, TILE, GAP, CAPTION = 4, (420, 236), 8, 22
OVERVIEW_WIDTH, LESSONS_PER_OVERVIEW, COLOURS = 1000, 4, 128
TOLERANCE = 0.15


@dataclass
class Lesson:
    """A script with what was asked for and what came of it: storyboards and real seconds of its scenes."""

    name: str
    target: int
    script: LessonScript
    boards: list[Storyboard]
    seconds: list[float]

    def line(self) -> str:
        """One line of the table."""
        words = sum(len(s.split()) for scene in self.script.scenes for s in scene.narration)
        faults = sum(len(check_storyboard(board)) for board in self.boards)
        real, away = sum(self.seconds), sum(self.seconds) / self.target - 1
        return (
            f"{self.name:44.44} target {self.target:3} s  predicted {self.predicted:5.1f}  real {real:5.1f} "
            f"({away:+.0%})  {words:3} words  {faults} faults  {' '.join(self.kinds)}"
        )

    @property
    def kinds(self) -> list[str]:
        """Kinds of its scenes in order."""
        return [str(scene.WhichOneof("content")) for scene in self.script.scenes]

    @property
    def predicted(self) -> float:
        """Seconds that the script was fitted to."""
        silent = (SILENT_SECONDS.get(str(s.WhichOneof("content")), 0.0) for s in self.script.scenes)
        return sum(seconds_of(scene.narration) for scene in self.script.scenes) + sum(silent)


def requests(count: int, documents: Sequence[Path] = SAMPLES) -> Iterator[tuple[str, WriteScriptRequest]]:
    """`count` different lessons: all documents as a whole, each section of the first, topics of the sample."""
    read = {path: read_document(path, path.name, path.name) for path in documents}
    first = read[documents[0]]
    title, passages = first.facts.title, list(first.passages)
    kinds: list[tuple[str, str, Sequence[Passage]]] = [
        (f"whole {path.suffix[1:]}", "", list(document.passages)) for path, document in read.items()
    ]
    kinds += [(f"section {name}", "", part) for name, part in _sections(passages)]
    kinds += [(f"topic {topic}", topic, passages) for topic in TOPICS if documents is SAMPLES]
    for number in range(count):
        name, topic, part = kinds[number % len(kinds)]
        seconds = TARGETS[number % len(TARGETS)]
        whole = name.startswith("whole")
        yield (
            name,
            WriteScriptRequest(
                topic=topic,
                document_title=title if whole else "",
                passages=part,
                target_duration=Duration(seconds=seconds),
                seed=number,
                language="en",
            ),
        )


def _sections(passages: Sequence[Passage]) -> list[tuple[str, list[Passage]]]:
    """Sections of the chapter with their passages, by the last heading; the chapter's own heading apart."""
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        if len(passage.section_path) > 1:
            inner = Passage()
            inner.CopyFrom(passage)
            del inner.section_path[0]
            found.setdefault(passage.section_path[1], []).append(inner)
    return list(found.items())


def written(name: str, request: WriteScriptRequest) -> Lesson:
    """Writes a lesson and plans each of its scenes as the renderer does. Raises TooLittleContent."""
    script = write_script(request)
    boards = [lay_out(scene, script.language) for scene in script.scenes]
    seconds = [
        real_seconds(scene, b, script.language) for scene, b in zip(script.scenes, boards, strict=True)
    ]
    return Lesson(name, int(request.target_duration.seconds), script, boards, seconds)


def real_seconds(scene: Scene, board: Storyboard, language: str) -> float:
    """How long the rendered scene lasts."""
    return plan(board.steps, EspeakVoice().say(narration(scene), language)).duration


def pictures(board: Storyboard) -> list[Image.Image]:
    """The fullest picture of every page of a scene: at its end, and before anything leaves for good."""
    last = len(board.steps) - 1
    left = {item.leave - 1 for item in board.items if item.leave is not None and not item.replaced}
    steps = sorted({step for step in left if step >= 0} | {last})
    size = pixel_size(RESOLUTION_480P)
    stills = [still(board, step, size) for step in steps]
    return [Image.fromarray(np.ascontiguousarray(p[:, :, :3])) for p in stills]


def sheet(lesson: Lesson) -> Image.Image:
    """All pictures of a lesson, its name above them."""
    tiles = [picture.resize(TILE, Image.Resampling.LANCZOS) for b in lesson.boards for picture in pictures(b)]
    rows = -(-len(tiles) // COLUMNS)
    width = COLUMNS * (TILE[0] + GAP) + GAP
    image = Image.new("RGB", (width, CAPTION + rows * (TILE[1] + GAP) + GAP), "white")
    caption = f"{lesson.name}, {sum(lesson.seconds):.0f} s of {lesson.target} s"
    ImageDraw.Draw(image).text((GAP, 2), caption, "black", font_size=16)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        image.paste(tile, (GAP + column * (TILE[0] + GAP), CAPTION + row * (TILE[1] + GAP)))
    return image


def write_overviews(sheets: Sequence[Image.Image], folder: Path) -> None:
    """Sheets of four lessons each, one below the other, at most 1000 pixels wide and of few colours."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(sheets), LESSONS_PER_OVERVIEW):
        four = sheets[first : first + LESSONS_PER_OVERVIEW]
        image = Image.new("RGB", (four[0].width, sum(s.height for s in four)), "white")
        top = 0
        for one in four:
            image.paste(one, (0, top))
            top += one.height
        height = round(image.height * OVERVIEW_WIDTH / image.width)
        small = image.resize((OVERVIEW_WIDTH, height), Image.Resampling.LANCZOS)
        few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(folder / f"lessons-{first // LESSONS_PER_OVERVIEW + 1}.png", optimize=True)


def rendered_seconds(lesson: Lesson) -> float:
    """Length of the lesson's MP4 file, rendered and joined."""
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for number, scene in enumerate(lesson.script.scenes):
            place = Path(folder) / str(number)
            place.mkdir()
            parts.append(render_scene(scene, RESOLUTION_480P, lesson.script.language, place))
        return stitch(parts, lesson.script.title, Path(folder)).duration_seconds


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder for a sheet and a script of each lesson")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--full", type=int, default=3)
    parser.add_argument("--documents", type=Path, nargs="+", default=SAMPLES, help="in place of the sample")
    parser.add_argument("--sheets", type=Path, help="folder for the overviews")
    return parser.parse_args()


def main() -> None:
    """Prints the table and writes what was asked for."""
    arguments = _arguments()
    lessons, sheets = [], []
    for name, request in requests(arguments.count, arguments.documents):
        try:
            lesson = written(name, request)
        except TooLittleContent as refusal:
            print(f"{name:44.44} refused: {refusal}", flush=True)
            continue
        print(lesson.line(), flush=True)
        lessons.append(lesson)
        if arguments.out or arguments.sheets:
            sheets.append(sheet(lesson))
        if arguments.out:
            _save(arguments.out, len(lessons), lesson, sheets[-1])
    if arguments.sheets:
        write_overviews(sheets, arguments.sheets)
    for lesson in lessons[: arguments.full]:
        print(
            f"{lesson.name:44.44} rendered {rendered_seconds(lesson):.2f} s, planned {sum(lesson.seconds):.2f} s"
        )
    near = sum(abs(sum(lesson.seconds) / lesson.target - 1) <= TOLERANCE for lesson in lessons)
    kinds = Counter(kind for lesson in lessons for kind in lesson.kinds[1:-1])
    fewest = min((len(lesson.kinds) - 2 for lesson in lessons), default=0)
    figures = {"lessons": len(lessons), "within_15_percent": near, "fewest_scenes": fewest}
    print(json.dumps(figures | {"kinds": dict(kinds.most_common())}))


def _save(folder: Path, number: int, lesson: Lesson, image: Image.Image) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    image.save(folder / f"lesson-{number:02}.png")
    said = "\n\n".join(f"[{s.title}] " + " ".join(s.narration) for s in lesson.script.scenes)
    text = f"{lesson.line()}\n{lesson.script.title}\n{lesson.script.objective}\n\n{said}\n"
    (folder / f"lesson-{number:02}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
