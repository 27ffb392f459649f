"""Rules beside the fields of the contracts, checked by protovalidate. Nothing else imports it."""

import protovalidate
from google.protobuf.message import Message
from protovalidate import Violation as Found

from mesh.errors import Violation


class Validator:
    """Checks messages; it compiles the rules of a message type once."""

    def __init__(self) -> None:
        self._validator = protovalidate.Validator()

    def violations(self, message: Message) -> list[Violation]:
        """Everything in a message that breaks a rule, with proto field paths such as `parts[2].weight`; a rule of the
        whole message has an empty path."""
        return [
            Violation(_path(found), found.proto.message or found.proto.rule_id or "breaks a rule")
            for found in self._validator.collect_violations(message)
        ]


def _path(found: Found) -> str:
    path = ""
    for element in found.proto.field.elements if found.proto.field else ():
        path += f".{element.field_name}" if path else element.field_name or ""
        if element.subscript is not None:
            path += f"[{element.subscript.value!r}]"
    return path
