"""What a scene of a lesson may show, as a model writes it. Names and shapes are those of mootion.video.v1."""

from typing import Literal

from services.llm.replies.checked import Reply


class Title(Reply):
    """A title card."""

    kind: Literal["title_card"]
    subtitle: str


class Bullets(Reply):
    """A list of points."""

    kind: Literal["bullets"]
    points: list[str]


class Definition(Reply):
    """A term and what it means."""

    kind: Literal["definition"]
    term: str
    meaning: str
    example: str


class Symbol(Reply):
    """A symbol of a formula."""

    latex: str
    meaning: str


class Equation(Reply):
    """A formula."""

    kind: Literal["equation"]
    latex: str
    symbols: list[Symbol]


class Plot(Reply):
    """A curve y = f(x)."""

    kind: Literal["plot"]
    expression: str
    x_min: float
    x_max: float
    x_label: str
    y_label: str


class Node(Reply):
    """A concept of a graph."""

    key: str
    label: str


class Edge(Reply):
    """An arrow from what comes first to what builds on it."""

    source_key: str
    target_key: str


class Graph(Reply):
    """Concepts and how they depend on each other."""

    kind: Literal["graph"]
    nodes: list[Node]
    edges: list[Edge]


class Process(Reply):
    """Steps in order."""

    kind: Literal["process"]
    steps: list[str]
    cyclic: bool


class Column(Reply):
    """One of the things compared."""

    heading: str
    points: list[str]


class Comparison(Reply):
    """Two or more things side by side."""

    kind: Literal["comparison"]
    columns: list[Column]


class Event(Reply):
    """An event on a line of time."""

    when: str
    what: str


class Timeline(Reply):
    """Events on a line of time."""

    kind: Literal["timeline"]
    events: list[Event]


class Code(Reply):
    """A piece of source text that the document shows."""

    kind: Literal["code"]
    language: str
    source: str


class WorkedExample(Reply):
    """A problem, its steps and its result."""

    kind: Literal["worked_example"]
    problem: str
    steps: list[str]
    result: str


class Checkpoint(Reply):
    """A question to answer before the result is shown."""

    kind: Literal["checkpoint"]
    question: str
    options: list[str]
    answer_index: int
    answer: str


Content = (
    Title
    | Bullets
    | Definition
    | Equation
    | Plot
    | Graph
    | Process
    | Comparison
    | Timeline
    | Code
    | WorkedExample
    | Checkpoint
)
