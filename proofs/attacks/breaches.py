"""Requests that break one rule of the contracts each, made from the rules themselves."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from mesh.derive.openapi.constraints import message_rules, required_choices, rules_of
from mesh.policy import Method
from proofs.callers.valid_requests import FindId, requests_of

Place = tuple[FieldDescriptor, ...]


@dataclass(frozen=True)
class Breach:
    """A request that breaks a rule.

    Attributes:
        field: path of the field that breaks it, as violations name it; empty for a rule of the whole request.
        rule: such as `string.max_len`.
        request: None where nobody knows how this rule is broken.
    """

    field: str
    rule: str
    request: Message | None


def breaches_of(method: Method, find_id: FindId) -> list[Breach]:
    """For every rule of a method's request, at every depth, a request that breaks it and, as far as one can, no other.

    Raises:
        CannotMake: see `requests_of`.
    """
    breaking = _Breaking(method, find_id)
    found: dict[tuple[str, str], Breach] = {}
    for made in requests_of(method, find_id):
        for breach in breaking.of(made.request):
            found.setdefault((breach.field, breach.rule), breach)
    return list(found.values())


@dataclass(frozen=True)
class Changing:
    """Makes copies of a valid request that differ from it in one place."""

    method: Method
    find_id: FindId

    def changed(self, valid: Message, outer: Place, change: "Spoil") -> Message:
        """A copy, changed in the message that the fields of `outer` lead to; what is missing on the way is made."""
        request = type(valid)()
        request.CopyFrom(valid)
        parent = request
        for step in outer:
            parent = self._entered(parent, step)
        change(parent)
        return request

    def sample(self, descriptor: Descriptor) -> Message:
        """A valid message of any kind."""
        return requests_of(replace(self.method, input=descriptor), self.find_id)[0].request

    def _entered(self, parent: Message, step: FieldDescriptor) -> Message:
        """The message of a field, or the first of many; a valid one is put there where none is."""
        held = getattr(parent, step.name)
        if step.is_repeated:
            if not held:
                held.add().CopyFrom(self.sample(_held(step)))
            first: Message = held[0]
            return first
        if not parent.HasField(step.name):
            held.CopyFrom(self.sample(_held(step)))
            held.SetInParent()
        single: Message = held
        return single


class _Breaking(Changing):
    def of(self, valid: Message) -> Iterator[Breach]:
        for place in ((), *places(self.method.input)):
            if not stands_in_another_choice(valid, place):
                yield from self._at(valid, place)

    def _at(self, valid: Message, place: Place) -> Iterator[Breach]:
        """Breaches of the field at a place, and of the message that it holds."""
        if place:
            *outer, each = place
            path = "".join(f"{step.name}{'[0]' if step.is_repeated else ''}." for step in outer) + each.name
            for rule, suffix, spoil in self._spoilers(each):
                yield Breach(path + suffix, rule, self._spoiled(valid, tuple(outer), spoil))
            if not holds_fields(each):
                return
            path += "[0]" if each.is_repeated else ""
        else:
            path = ""
        descriptor = _held(place[-1]) if place else self.method.input
        for rule, suffix, spoil in _message_spoilers(descriptor):
            joined = ".".join(filter(None, [path, suffix]))
            yield Breach(joined, rule, self._spoiled(valid, place, spoil))

    def _spoiled(self, valid: Message, place: Place, spoil: "Spoil | None") -> Message | None:
        if spoil is None:
            return None
        return self.changed(valid, place, spoil)

    def _spoilers(self, each: FieldDescriptor) -> Iterator[tuple[str, str, "Spoil | None"]]:
        rules = rules_of(each)
        if rules.required:
            yield "required", "", lambda parent: parent.ClearField(each.name)
        kind = rules.WhichOneof("type")
        if kind is None:
            return
        if kind == "repeated":
            yield from self._repeated(each, rules.repeated)
            return
        for rule, wrong in _wrong_values(kind, getattr(rules, kind)):
            yield f"{kind}.{rule}", "", _setting(each, wrong)

    def _repeated(self, each: FieldDescriptor, rules: Any) -> Iterator[tuple[str, str, "Spoil | None"]]:
        for rule, limit in rules.ListFields():
            if rule.name == "items":
                kind = limit.WhichOneof("type")
                for name, wrong in _wrong_values(kind, getattr(limit, kind)):
                    yield f"repeated.items.{kind}.{name}", "[0]", _setting_first(each, wrong)
            elif rule.name == "min_items":
                yield "repeated.min_items", "", _cutting(each, limit - 1)
            elif rule.name == "max_items":
                yield "repeated.max_items", "", self._extending(each, limit + 1)
            else:
                yield f"repeated.{rule.name}", "", None

    def _extending(self, each: FieldDescriptor, count: int) -> "Spoil":
        def spoil(parent: Message) -> None:
            held = getattr(parent, each.name)
            element = held[0] if held else self._element(each)
            held.extend([element] * (count - len(held)))

        return spoil

    def _element(self, each: FieldDescriptor) -> object:
        if each.message_type is not None:
            return self.sample(each.message_type)
        return "x" if each.type == FieldDescriptor.TYPE_STRING else 1


Spoil = Callable[[Message], None]


def places(descriptor: Descriptor, seen: frozenset[str] = frozenset()) -> Iterator[Place]:
    """The way to every field of a message and of those in it."""
    for each in descriptor.fields:
        yield (each,)
        if holds_fields(each) and _held(each).full_name not in seen:
            deeper = seen | {_held(each).full_name}
            yield from ((each, *rest) for rest in places(_held(each), deeper))


def _held(each: FieldDescriptor) -> Descriptor:
    """The type of the message that a field holds."""
    assert each.message_type is not None
    return each.message_type


def holds_fields(each: FieldDescriptor) -> bool:
    """Whether a field holds a message of ours."""
    return each.message_type is not None and each.message_type.full_name.startswith("mootion.")


def stands_in_another_choice(valid: Message, place: Place) -> bool:
    """Whether the request takes another branch of a choice on the way; there is one for each branch."""
    message = valid
    for step in place[:-1]:
        choice = step.containing_oneof
        taken = message.WhichOneof(choice.name) if choice is not None else step.name
        if taken not in (None, step.name):
            return True
        held = getattr(message, step.name)
        if step.is_repeated and not held:
            return False
        message = held[0] if step.is_repeated else held
    return False


def _message_spoilers(descriptor: Descriptor) -> Iterator[tuple[str, str, Spoil | None]]:
    """A rule between fields is broken by a message that has none of them; that holds for those there are."""
    for choice in required_choices(descriptor):
        oneof = choice[0].containing_oneof
        assert oneof is not None
        yield "oneof.required", oneof.name, lambda parent: parent.Clear()
    for sentence in message_rules(descriptor):
        yield f"cel: {sentence}", "", lambda parent: parent.Clear()


def _wrong_values(kind: str, rules: Any) -> Iterator[tuple[str, object]]:
    """For each rule of a single value one that breaks it; None where nobody knows one."""
    for rule, limit in rules.ListFields():
        make = _WRONG.get(rule.name)
        if make is None:
            yield rule.name, None
        elif kind in ("duration", "timestamp"):
            yield rule.name, type(limit)(seconds=make(limit.seconds))
        else:
            yield rule.name, make(limit)


_WRONG: Mapping[str, Callable[[Any], object]] = {
    "min_len": lambda length: "x" * (length - 1),
    "max_len": lambda length: "x" * (length + 1),
    "pattern": lambda _: "no (such) thing",
    "gte": lambda limit: limit - 1,
    "gt": lambda limit: limit,
    "lte": lambda limit: limit + 1,
    "lt": lambda limit: limit,
    "finite": lambda _: math.inf,
    "defined_only": lambda _: 9999,
    "not_in": lambda numbers: numbers[0],
}


def _setting(each: FieldDescriptor, wrong: object) -> Spoil | None:
    if wrong is None:
        return None

    def spoil(parent: Message) -> None:
        if isinstance(wrong, Message):
            getattr(parent, each.name).CopyFrom(wrong)
        else:
            setattr(parent, each.name, wrong)

    return spoil


def _setting_first(each: FieldDescriptor, wrong: object) -> Spoil | None:
    if wrong is None:
        return None

    def spoil(parent: Message) -> None:
        held = getattr(parent, each.name)
        held[:] = [wrong, *held[1:]]

    return spoil


def _cutting(each: FieldDescriptor, count: int) -> Spoil:
    def spoil(parent: Message) -> None:
        held = getattr(parent, each.name)
        del held[count:]

    return spoil
