"""Valid requests of any method, made from its descriptor and the rules beside its fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from buf.validate import validate_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message
from hypothesis import find
from hypothesis import strategies as st

from mesh.policy import Method
from mesh.validation import Validator

# Chosen by the caller, not the name of something that is there.
REQUEST_ID = "request_id"
_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: "int32",
    FieldDescriptor.CPPTYPE_INT64: "int64",
    FieldDescriptor.CPPTYPE_UINT32: "uint32",
    FieldDescriptor.CPPTYPE_UINT64: "uint64",
    FieldDescriptor.CPPTYPE_DOUBLE: "double",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
}
# The value of an id field by its path in the request and its name.
FindId = Callable[[str, str], str]


class CannotMake(Exception):
    """No valid request of a method can be made; the message names the method and what is missing."""


@dataclass(frozen=True)
class Made:
    """A valid request, and where it names things: paths such as `responses.question_id` to the name of the field."""

    request: Message
    ids: Mapping[str, str]


def requests_of(method: Method, find_id: FindId) -> list[Made]:
    """One valid request for each thing that the method can be asked: a further one for each further branch of a choice.

    Every id is filled in, required or not, and nothing else that is not required.

    Raises:
        CannotMake: a rule cannot be met, or `find_id` knows no such thing.
    """
    first = _Making(method, find_id, {})
    made = [first.whole()]
    for path, branches in first.choices.items():
        made += [_Making(method, find_id, {path: branch}).whole() for branch in branches[1:]]
    return made


@dataclass
class _Making:
    method: Method
    find_id: FindId
    chosen: Mapping[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def whole(self) -> Made:
        request = self._message(self.method.input, "")
        found = Validator().violations(request)
        if found:
            sentences = "; ".join(f"{each.field}: {each.description}" for each in found)
            raise CannotMake(f"{self.method.path}: the request made for it is not valid: {sentences}")
        return Made(request, dict(self.ids))

    def _message(self, descriptor: Descriptor, path: str) -> Message:
        message = message_factory.GetMessageClass(descriptor)()
        for oneof in descriptor.oneofs:
            if not _is_optional(oneof):
                self._choose(message, oneof, path)
        for each in descriptor.fields:
            choice = each.containing_oneof
            if choice is None or _is_optional(choice):
                self._fill(message, each, f"{path}{each.name}", required=False)
        return message

    def _choose(self, message: Message, oneof: OneofDescriptor, path: str) -> None:
        rules = oneof.GetOptions().Extensions[validate_pb2.oneof]
        if not rules.required:
            return
        place = f"{path}{oneof.name}"
        self.choices[place] = [each.name for each in oneof.fields]
        name = self.chosen.get(place, oneof.fields[0].name)
        branch = next(each for each in oneof.fields if each.name == name)
        self._fill(message, branch, f"{path}{name}", required=True)

    def _fill(self, message: Message, each: FieldDescriptor, path: str, *, required: bool) -> None:
        rules = each.GetOptions().Extensions[validate_pb2.field]
        required = required or rules.required
        if each.is_repeated:
            self._fill_repeated(message, each, path, rules, required)
        elif each.message_type is not None:
            if required or _names_things(each.message_type, frozenset()):
                getattr(message, each.name).CopyFrom(self._message(each.message_type, f"{path}."))
                getattr(message, each.name).SetInParent()
        elif is_id(each):
            setattr(message, each.name, self._id(each, path))
        elif required or _must_differ(each, rules):
            setattr(message, each.name, self._value(each, rules))

    def _fill_repeated(
        self, message: Message, each: FieldDescriptor, path: str, rules: Any, required: bool
    ) -> None:
        names_things = is_id(each) or (
            each.message_type is not None and _names_things(each.message_type, frozenset())
        )
        count = max(rules.repeated.min_items, int(required), int(names_things))
        into = getattr(message, each.name)
        for _ in range(count):
            if each.message_type is not None:
                into.add().CopyFrom(self._message(each.message_type, f"{path}."))
            elif is_id(each):
                into.append(self._id(each, path))
            else:
                into.append(self._value(each, rules.repeated.items))

    def _id(self, each: FieldDescriptor, path: str) -> str:
        name = each.name.removesuffix("s") if each.is_repeated else each.name
        self.ids[path] = name
        try:
            return self.find_id(path, name)
        except KeyError:
            raise CannotMake(
                f"{self.method.path}: nothing that was made has a {name}, which the request asks for ({path})"
            ) from None

    def _value(self, each: FieldDescriptor, rules: Any) -> object:
        kind = each.cpp_type
        if kind == FieldDescriptor.CPPTYPE_STRING:
            if each.type == FieldDescriptor.TYPE_BYTES:
                return b"x" * rules.bytes.min_len
            return _text(rules.string)
        if kind == FieldDescriptor.CPPTYPE_ENUM and each.enum_type is not None:
            forbidden = set(rules.enum.not_in) | {0}
            return next(value.number for value in each.enum_type.values if value.number not in forbidden)
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return True
        return _number(getattr(rules, _NUMBERS[kind]))


def is_id(each: FieldDescriptor) -> bool:
    """Whether a field names something that is there, by its name: `quiz_id`, `passage_ids`."""
    return (
        each.type == FieldDescriptor.TYPE_STRING
        and each.name != REQUEST_ID
        and each.name.endswith(("_ids",) if each.is_repeated else ("_id",))
    )


def _is_optional(oneof: OneofDescriptor) -> bool:
    """`optional` in proto3 is a choice of one."""
    return len(oneof.fields) == 1 and oneof.name == f"_{oneof.fields[0].name}"


def _names_things(descriptor: Descriptor, seen: frozenset[str]) -> bool:
    if descriptor.full_name in seen:
        return False
    deeper = seen | {descriptor.full_name}
    return any(
        is_id(each) or (each.message_type is not None and _names_things(each.message_type, deeper))
        for each in descriptor.fields
    )


def _must_differ(each: FieldDescriptor, rules: Any) -> bool:
    """Whether the value that a field has where nobody sets it breaks its rules."""
    kind = each.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        if each.type == FieldDescriptor.TYPE_BYTES:
            return bool(rules.bytes.min_len)
        text = rules.string
        return bool(text.min_len or text.len or text.pattern or text.const or getattr(text, "in"))
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return 0 in rules.enum.not_in
    if kind in _NUMBERS:
        of_number = getattr(rules, _NUMBERS[kind])
        return bool(of_number.gte > 0 or (of_number.HasField("gt") and of_number.gt >= 0))
    return False


def _text(rules: Any) -> str:
    if rules.const:
        return str(rules.const)
    among = getattr(rules, "in")
    if among:
        return str(among[0])
    if rules.pattern:
        return _matching(rules.pattern, rules.min_len)
    if rules.email:
        return "somebody@example.org"
    if rules.uri:
        return "https://example.org/"
    return "x" * int(max(rules.len, rules.min_len, 1))


@cache
def _matching(pattern: str, min_length: int) -> str:
    found: str = find(st.from_regex(pattern, fullmatch=True), lambda text: len(text) >= min_length)
    return found


def _number(rules: Any) -> Any:
    if rules.HasField("gt"):
        return rules.gt + 1
    return rules.gte if rules.HasField("gte") else 1
