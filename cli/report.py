"""What a person sees of a journey: its progress while it runs, and what was made in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.protobuf import json_format
from mootion.flowchart.v1 import flowchart_pb2
from mootion.llm.v1 import task_pb2
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from cli import journey
from cli.journey import Made


@contextmanager
def shown_progress(messages: Console) -> Iterator[journey.Progress]:
    """Bars on a terminal; elsewhere a line when a step is done."""
    if not messages.is_terminal:
        yield lambda step, percent, words: messages.print(f"{step}: {words}") if percent == 100 else None
        return
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.fields[step]:<12}"), BarColumn(24))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.description}"), console=messages) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, percent: int, words: str) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task("", total=100, step=step)
            bars.update(tasks[step], completed=percent, description=words)

        yield show


def print_made(out: Console, made: Made, url: str) -> None:
    """What was made, with links that open in a browser."""
    out.print()
    out.print(Panel(_concepts(made), title="Concept map", title_align="left", border_style="green"))
    out.print(Panel(_question(made), title="A question of the quiz", title_align="left", border_style="blue"))
    out.print(Panel(_answer(made), title=made.question, title_align="left", border_style="magenta"))
    out.print("Open in a browser", style="bold")
    for name, link in _links(made, url).items():
        out.print(Text(f"  {name:<15}").append(link, style="cyan"), soft_wrap=True)
    out.print()


def _concepts(made: Made) -> Text:
    text = Text()
    for level in (task_pb2.FUNDAMENTAL, task_pb2.INTERMEDIATE, task_pb2.ADVANCED):
        names = [node.name for node in made.flowchart.nodes if node.level == level]
        shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        name = task_pb2.ConceptLevel.Name(level).capitalize()
        text.append(f"{name:<13}", style="bold").append(f"{shown or '-'}\n")
    ordering = sum(edge.type != flowchart_pb2.RELATED for edge in made.flowchart.edges)
    return text.append(f"{ordering} prerequisites, {len(made.flowchart.edges) - ordering} related")


def _question(made: Made) -> Text:
    text = Text()
    for question, result in zip(made.quiz.questions, made.attempt.results, strict=True):
        if question.kind == task_pb2.SINGLE_CHOICE:
            text.append(f"{question.stem}\n", style="bold")
            for option in question.options:
                right = option.option_id in result.key.option_ids
                text.append(f"  {'✓' if right else ' '} {option.text}\n", style="green" if right else "")
            citation = result.citations[0]
            return text.append(f'"{citation.quote}" (page {citation.page})', style="italic")
    return text.append("No single-choice question in this quiz.")


def _answer(made: Made) -> Text:
    text = Text(made.answer.note)
    for sentence in made.answer.sentences:
        pages = ", ".join(sorted({f"page {citation.page}" for citation in sentence.citations}))
        text.append(sentence.text).append(f" [{pages}]\n", style="dim")
    return text.append(f"engine {made.answer.engine}, every quote verified", style="dim")


def _links(made: Made, url: str) -> dict[str, str]:
    document, video = (
        f"{url}/v1/documents/{made.document.document_id}",
        f"{url}/v1/videos/{made.video.video_id}",
    )
    return {
        "Video": f"{video}/content",
        "Captions": f"{video}/captions",
        "Thumbnail": f"{video}/thumbnail",
        "Concept map": f"{document}/flowchart:export?format=SVG",
        "Quiz": f"{url}/v1/quizzes/{made.quiz.quiz_id}",
        "Graded attempt": f"{url}/v1/attempts/{made.attempt.attempt_id}",
        "Passages": f"{document}/passages",
        "API": f"{url}/docs",
    }


def as_json(made: Made, url: str) -> dict[str, Any]:
    """The same for programs."""
    parts = {
        "document": made.document,
        "flowchart": made.flowchart,
        "quiz": made.quiz,
        "attempt": made.attempt,
        "answer": made.answer,
        "search": made.search,
        "video": made.video,
    }
    made_of = {
        name: json_format.MessageToDict(part, always_print_fields_with_no_presence=True)
        for name, part in parts.items()
    }
    return made_of | {"question": made.question, "seconds": made.seconds, "links": _links(made, url)}
