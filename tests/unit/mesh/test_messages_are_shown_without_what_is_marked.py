"""redacted(): by the contracts alone, at any depth; and nothing else in the program shows a message."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import message_factory, struct_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from mootion.document.v1 import document_pb2
from mootion.identity.v1 import identity_service_pb2
from mootion.llm.v1 import llm_service_pb2

from mesh.policy import all_methods, is_sensitive
from mesh.redaction import MOST_CHARACTERS, MOST_ITEMS, REDACTED, redacted

ROOT = Path(__file__).parents[3]
CANARY = "canary-9f31"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def every_message() -> list[Descriptor]:
    """Every message that a method takes or gives, and all within them."""
    found: dict[str, Descriptor] = {}

    def walk(message: Descriptor) -> None:
        if message.full_name not in found and message.full_name.startswith("mootion."):
            found[message.full_name] = message
            for field in message.fields:
                if field.message_type is not None:
                    walk(field.message_type)

    for method in all_methods():
        walk(method.input)
        walk(method.output)
    return list(found.values())


MESSAGES = every_message()


def filled(message: Descriptor, depth: int = 4) -> Any:
    """A message whose marked texts are canaries, within messages too."""
    made = message_factory.GetMessageClass(message)()
    for field in message.fields:
        if field.message_type is not None and depth and not is_sensitive(field):
            fill_message(made, field, depth)
        elif field.type == FieldDescriptor.TYPE_STRING and is_sensitive(field):
            if field.is_repeated:
                getattr(made, field.name).append(CANARY)
            else:
                setattr(made, field.name, CANARY)
    return made


def fill_message(made: Any, field: FieldDescriptor, depth: int) -> None:
    assert field.message_type is not None
    if field.message_type.GetOptions().map_entry or not field.message_type.full_name.startswith("mootion."):
        return
    inner = filled(field.message_type, depth - 1)
    if field.is_repeated:
        getattr(made, field.name).append(inner)
    else:
        getattr(made, field.name).CopyFrom(inner)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.full_name)
def test_no_marked_value_of_any_message_is_shown(message: Descriptor) -> None:
    made: Message = filled(message)
    shown = json.dumps(redacted(made))
    assert CANARY not in shown
    assert (CANARY in str(made)) == (REDACTED in shown)


def test_there_are_messages_with_something_to_hide() -> None:
    assert sum(CANARY in str(filled(message)) for message in MESSAGES) > 25


def test_what_is_not_marked_is_shown() -> None:
    request = identity_service_pb2.LoginRequest(username="ada", password="secret", use_cookies=True)
    assert redacted(request) == {"username": "ada", "password": REDACTED, "use_cookies": True}


def test_long_values_are_cut_and_say_how_long_they_are() -> None:
    passages = [document_pb2.Passage(text="a" * 1000, sequence=1) for _ in range(MOST_ITEMS + 5)]
    shown = redacted(llm_service_pb2.AnswerQuestionRequest(question="why", passages=passages))
    assert len(shown["passages"]) == MOST_ITEMS + 1
    assert shown["passages"][-1] == f"... {MOST_ITEMS + 5} in all"
    assert shown["passages"][0]["text"] == "a" * MOST_CHARACTERS + "... 1000 in all"


def test_maps_are_shown_by_their_beginning_and_deep_ones_to_a_depth() -> None:
    wide = struct_pb2.Struct()
    wide.update({str(number): number for number in range(MOST_ITEMS + 1)})
    assert redacted(wide)["fields"]["..."] == f"{MOST_ITEMS + 1} in all"
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"in": deep}
    nested = struct_pb2.Struct()
    nested.update(deep)
    assert '"...": "deeper"' in json.dumps(redacted(nested))


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("mesh", "services", "workers", "gateway"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "derive" not in path.parts:
                yield path.relative_to(ROOT), ast.parse(path.read_text())


def test_only_one_file_logs_messages() -> None:
    showing = set()
    for path, tree in sources():
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr in LEVELS and ast.unparse(call.func.value) in (
                "log",
                "_log",
                "structlog.get_logger()",
            ):
                told = [*call.args, *(keyword.value for keyword in call.keywords)]
                if {ast.unparse(one) for one in told} & {"request", "reply", "message", "shown", "response"}:
                    showing.add(str(path))
    assert showing == {"mesh/interceptors/messages.py"}


def test_messages_become_text_only_where_their_readers_are_entitled_to_them() -> None:
    converting = {
        str(path)
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
        and ast.unparse(node).rpartition(".")[2] in ("MessageToDict", "MessageToJson", "MessageToString")
    }
    # An error's body, the export that its owner asked for, and a concept map in a file of JSON.
    assert converting == {
        "mesh/http.py",
        "services/identity/export.py",
        "services/flowchart/export.py",
    }
