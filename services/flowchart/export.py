"""Writes a map as a file of another program."""

import io
import re
from collections.abc import Callable, Mapping

import networkx as nx
from google.protobuf import json_format
from mootion.flowchart.v1 import flowchart_pb2
from mootion.llm.v1 import task_pb2

from services.flowchart import svg

ARROWS = {
    flowchart_pb2.PREREQUISITE: "-->",
    flowchart_pb2.ADVANCED_FROM: "==>",
    flowchart_pb2.RELATED: "-.-",
}


def export(
    chart: flowchart_pb2.Flowchart, file_format: flowchart_pb2.ExportFormat.ValueType
) -> tuple[str, bytes]:
    """The content type and bytes of the map in a format."""
    content_type, write = WRITERS[file_format or flowchart_pb2.SVG]
    return content_type, write(chart).encode()


def _mermaid(chart: flowchart_pb2.Flowchart) -> str:
    """Mermaid flowchart source; labels are quoted, and Mermaid's own quote and line marks in them replaced."""
    key = _keys(chart)
    lines = ["flowchart TD"]
    lines += [f'  {key[node.node_id]}["{_mermaid_text(node.name)}"]' for node in chart.nodes]
    lines += [f"  {key[e.source_id]} {ARROWS[e.type]} {key[e.target_id]}" for e in chart.edges]
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;")


def _dot(chart: flowchart_pb2.Flowchart) -> str:
    """Graphviz source."""
    key = _keys(chart)
    lines = ["digraph concepts {", "  rankdir=TB;", "  node [shape=box, style=rounded];"]
    lines += [f"  {key[node.node_id]} [label={_dot_text(node.name)}];" for node in chart.nodes]
    lines += [
        f"  {key[e.source_id]} -> {key[e.target_id]}"
        + (" [dir=none, style=dashed, constraint=false];" if e.type == flowchart_pb2.RELATED else ";")
        for e in chart.edges
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    return '"' + re.sub(r"\s+", " ", text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _graphml(chart: flowchart_pb2.Flowchart) -> str:
    """GraphML with name, level, description and place of each node, type and weight of each edge."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in chart.nodes:
        level = task_pb2.ConceptLevel.Name(node.level)
        place = {"x": node.position.x, "y": node.position.y}
        graph.add_node(
            node.node_id,
            name=_xml_text(node.name),
            level=level,
            description=_xml_text(node.description),
            **place,
        )
    for edge in chart.edges:
        kind = flowchart_pb2.ConceptEdgeType.Name(edge.type)
        graph.add_edge(edge.source_id, edge.target_id, id=edge.edge_id, type=kind, weight=edge.weight)
    target = io.BytesIO()
    nx.write_graphml(graph, target)
    return target.getvalue().decode()


def _xml_text(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "", text)


def _svg(chart: flowchart_pb2.Flowchart) -> str:
    return _xml_text(svg.draw(chart))


def _json(chart: flowchart_pb2.Flowchart) -> str:
    return json_format.MessageToJson(chart, always_print_fields_with_no_presence=True, ensure_ascii=False)


def _keys(chart: flowchart_pb2.Flowchart) -> dict[str, str]:
    return {node.node_id: f"n{index}" for index, node in enumerate(chart.nodes, start=1)}


WRITERS: Mapping[
    flowchart_pb2.ExportFormat.ValueType, tuple[str, Callable[[flowchart_pb2.Flowchart], str]]
] = {
    flowchart_pb2.SVG: ("image/svg+xml", _svg),
    flowchart_pb2.MERMAID: ("text/vnd.mermaid", _mermaid),
    flowchart_pb2.DOT: ("text/vnd.graphviz", _dot),
    flowchart_pb2.GRAPHML: ("application/graphml+xml", _graphml),
    flowchart_pb2.JSON: ("application/json", _json),
}
