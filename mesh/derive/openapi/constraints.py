"""Limits of fields by protovalidate, as JSON Schema says them."""

from collections.abc import Mapping

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

Schema = dict[str, object]
_NAMES: Mapping[str, Mapping[str, str]] = {
    "string": {"min_len": "minLength", "max_len": "maxLength", "pattern": "pattern", "const": "const"},
    "repeated": {"min_items": "minItems", "max_items": "maxItems", "unique": "uniqueItems"},
    "map": {"min_pairs": "minProperties", "max_pairs": "maxProperties"},
}
_NUMBERS = {
    "gte": "minimum",
    "lte": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "const": "const",
}


def rules_of(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """The rules of a field; empty where it has none."""
    options = field.GetOptions()
    rules: validate_pb2.FieldRules = options.Extensions[validate_pb2.field]
    return rules


def limits(rules: validate_pb2.FieldRules) -> Schema:
    """What JSON Schema can say of the rules. Limits of 64-bit integers and durations are left to the description."""
    kind = rules.WhichOneof("type")
    if kind is None or kind in ("int64", "uint64", "duration", "timestamp", "enum"):
        return {}
    names = _NAMES.get(kind, _NUMBERS)
    return {
        names[rule.name]: value for rule, value in getattr(rules, kind).ListFields() if rule.name in names
    }


def refused_numbers(rules: validate_pb2.FieldRules) -> frozenset[int]:
    """Numbers of an enum that the rules refuse."""
    return frozenset(rules.enum.not_in)


def is_required(field: FieldDescriptor) -> bool:
    """Whether a request without the field breaks a rule: an empty value and a missing one are the same in proto3."""
    rules = rules_of(field)
    if rules.required or rules.string.min_len > 0 or rules.repeated.min_items > 0 or 0 in rules.enum.not_in:
        return True
    kind = rules.WhichOneof("type")
    if kind in ("int32", "int64", "uint32", "uint64", "double", "float"):
        numbers = getattr(rules, kind)
        return bool(numbers.gte > 0 or (numbers.HasField("gt") and numbers.gt >= 0))
    return False


def sentences(field: FieldDescriptor) -> list[str]:
    """Limits that JSON Schema has no word for."""
    rules = rules_of(field)
    kind = rules.WhichOneof("type")
    if kind not in ("int64", "uint64", "duration"):
        return []
    words = {"gte": "at least", "lte": "at most", "gt": "more than", "lt": "less than"}
    found = [(rule.name, value) for rule, value in getattr(rules, kind).ListFields() if rule.name in words]
    return [f"{words[name].capitalize()} {_amount(value)}." for name, value in found]


def _amount(value: object) -> str:
    return f"{value.seconds}s" if isinstance(value, Message) else str(value)  # type: ignore[attr-defined]


def message_rules(message: Descriptor) -> list[str]:
    """What must hold between the fields of a message, as sentences."""
    rules = message.GetOptions().Extensions[validate_pb2.message]
    return [f"{rule.message[:1].upper()}{rule.message[1:]}." for rule in rules.cel if rule.message]


def required_choices(message: Descriptor) -> list[list[FieldDescriptor]]:
    """The fields of each oneof of which exactly one must be set."""
    return [
        list(choice.fields)
        for choice in message.oneofs
        if choice.GetOptions().Extensions[validate_pb2.oneof].required
    ]
