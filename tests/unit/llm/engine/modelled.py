"""Models for tests that read what they are sent: an honest one, and one that obeys whoever speaks last."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mootion.document.v1.document_pb2 import Passage

from tests.unit.llm.engine.scripted_server import question_of

_DEFINITION = re.compile(r"(?:A|The) (\w+) is [^.]+\.")
FILLER = "Nothing more is said about it here than stands in these plain words. "


def book(sections: int = 6, definitions: int = 3, padding: int = 25) -> list[Passage]:
    """A document whose sections each define terms: `term0x0`, `term0x1` and so on. Four of them fill a part."""
    made = []
    for section in range(sections):
        terms = [
            f"A {term(section, place)} is a thing of {term(section, 0)} kind." for place in range(definitions)
        ]
        made.append(
            Passage(
                passage_id=f"p{section}",
                document_id="book",
                sequence=section,
                text=" ".join(terms) + " " + FILLER * padding,
                section_path=["Book", f"Section {section}"],
                first_page=section + 1,
                last_page=section + 1,
            )
        )
    return made


def term(section: int, place: int) -> str:
    """A made-up word without digits."""
    return "".join("bcdfgklmnp"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{section:02}{place}")


def definitions(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Terms and the sentences that define them, as the model of a request sees them."""
    return [(match[1], match[0]) for match in _DEFINITION.finditer(question_of(body))]


def honest_concepts(body: Mapping[str, Any]) -> dict[str, Any]:
    """Names what the text defines."""
    return {
        "concepts": [
            {
                "name": name,
                "definition_quote": sentence,
                "level": "FUNDAMENTAL",
                "aliases": [],
                "importance": 1 / (2 + place),
            }
            for place, (name, sentence) in enumerate(definitions(body))
        ]
    }


def filled(schema: Mapping[str, Any], text: str, root: Mapping[str, Any] | None = None) -> Any:
    """A value of a schema in which every free text is `text`."""
    root = root or schema
    if "$ref" in schema:
        return filled(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], text, root)
    if "anyOf" in schema:
        return filled(schema["anyOf"][0], text, root)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            return {name: filled(part, text, root) for name, part in schema["properties"].items()}
        case "array":
            return [filled(schema["items"], text, root)] * 3
        case "string":
            return text
        case "boolean":
            return True
    return 1


def strings(value: Any) -> Iterator[str]:
    """All texts in a message as Python values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
