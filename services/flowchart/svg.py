"""Draws a map as SVG: one box a concept, coloured by level, arrows from what comes first."""

from xml.sax.saxutils import escape, quoteattr

from mootion.flowchart.v1 import flowchart_pb2
from mootion.llm.v1 import task_pb2

from services.flowchart.layout import NODE_HEIGHT, NODE_WIDTH
from services.flowchart.lines import Line, lines

# Fill and border of each level; dark text on each fill has a contrast of at least 10 to 1.
COLOURS = {
    task_pb2.FUNDAMENTAL: ("#dcefe3", "#2f7d4f"),
    task_pb2.INTERMEDIATE: ("#dde9f8", "#2d62a8"),
    task_pb2.ADVANCED: ("#f3e3f4", "#8a3d92"),
}
LEVEL_NAMES = {
    task_pb2.FUNDAMENTAL: "Fundamental",
    task_pb2.INTERMEDIATE: "Intermediate",
    task_pb2.ADVANCED: "Advanced",
}
TEXT = "#1c2430"
HEADER = 92
FONT_SIZE = 14
CHARACTERS_IN_LINE = 22
STYLE = (
    "text{font-family:'DejaVu Sans',Verdana,sans-serif;fill:#1c2430}"
    ".edge{fill:none;stroke:#64748b;stroke-width:1.4}"
    ".related{stroke:#b6c0cd;stroke-dasharray:4 5;stroke-width:1.2}"
)
ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#64748b"/></marker></defs>'
)


def draw(chart: flowchart_pb2.Flowchart) -> str:
    """The map as one SVG document; a node's description shows as a tooltip."""
    width, height = max(chart.extent.x, 640.0), chart.extent.y + HEADER
    edges = [_line(line) for line in lines(chart)]
    boxes = [_node(node) for node in chart.nodes]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img">',
            f"<title>{escape(chart.title)}</title><style>{STYLE}</style>{ARROW}",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            _header(chart),
            f'<g transform="translate(0 {HEADER})">',
            *edges,
            *boxes,
            "</g></svg>",
        ]
    )


def _header(chart: flowchart_pb2.Flowchart) -> str:
    parts = [f'<text x="40" y="42" font-size="22" font-weight="bold">{escape(chart.title)}</text>']
    left = 40
    for level, (fill, border) in COLOURS.items():
        parts.append(
            f'<rect x="{left}" y="60" width="16" height="16" rx="4" fill="{fill}" stroke="{border}"/>'
            f'<text x="{left + 24}" y="73" font-size="13">{LEVEL_NAMES[level]}</text>'
        )
        left += 140
    parts.append(
        f'<path class="edge" marker-end="url(#arrow)" d="M{left} 68h40"/>'
        f'<text x="{left + 50}" y="73" font-size="13">learn first</text>'
        f'<path class="edge related" d="M{left + 160} 68h40"/>'
        f'<text x="{left + 210}" y="73" font-size="13">related</text>'
    )
    return "".join(parts)


def _line(line: Line) -> str:
    related = line.edge.type == flowchart_pb2.RELATED
    kind, arrow = ("edge related", "") if related else ("edge", ' marker-end="url(#arrow)"')
    return f'<path class="{kind}"{arrow} d="{line.path}"/>'


def _node(node: flowchart_pb2.ConceptNode) -> str:
    fill, border = COLOURS.get(node.level, COLOURS[task_pb2.FUNDAMENTAL])
    x, y = node.position.x - NODE_WIDTH / 2, node.position.y - NODE_HEIGHT / 2
    lines = wrap(node.name)
    size = FONT_SIZE if max(map(len, lines)) <= CHARACTERS_IN_LINE - 2 else FONT_SIZE - 2
    first = node.position.y - (len(lines) - 1) * (size + 2) / 2 + size * 0.36
    texts = "".join(
        f'<text x="{node.position.x:.0f}" y="{first + index * (size + 2):.1f}" font-size="{size}" '
        f'text-anchor="middle">{escape(line)}</text>'
        for index, line in enumerate(lines)
    )
    return (
        f"<g data-node={quoteattr(node.node_id)}><title>{escape(node.description or node.name)}</title>"
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{NODE_WIDTH}" height="{NODE_HEIGHT}" rx="9" fill="{fill}" '
        f'stroke="{border}" stroke-width="1.4"/>{texts}</g>'
    )


def wrap(name: str, most_lines: int = 3) -> list[str]:
    """Splits a name into lines that fit a box; what does not fit three lines ends in an ellipsis."""
    lines = [""]
    for word in name.split() or [""]:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > CHARACTERS_IN_LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    shown = [_shorten(line) for line in lines[:most_lines]]
    if len(lines) > most_lines:
        shown[-1] = _shorten(f"{shown[-1]}…")
    return shown


def _shorten(line: str) -> str:
    return line if len(line) <= CHARACTERS_IN_LINE else line[: CHARACTERS_IN_LINE - 1] + "…"
