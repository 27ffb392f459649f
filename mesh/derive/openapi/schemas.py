"""JSON Schemas of messages and enums in proto3's JSON form."""

from collections.abc import Callable, Iterable

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from mesh.derive.contracts import HTTP_BODY, Contracts
from mesh.derive.openapi.constraints import (
    Schema,
    is_required,
    limits,
    message_rules,
    refused_numbers,
    required_choices,
    rules_of,
    sentences,
)

_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
        "examples": ["75s"],
    },
    HTTP_BODY: {"type": "string", "contentEncoding": "base64"},
}
_INTEGER_64: Schema = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}
_SCALARS: dict[int, Schema] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "format": "int32", "minimum": 0},
    FieldDescriptor.CPPTYPE_INT64: _INTEGER_64,
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}


class Schemas:
    """The schemas that the operations of one document refer to, gathered while it is written."""

    def __init__(self, contracts: Contracts) -> None:
        self._comments = contracts.comments
        self._names = _short_names(contracts)
        self._found: dict[str, Schema] = {}

    @property
    def components(self) -> dict[str, Schema]:
        """Every schema that was referred to, by name."""
        return dict(sorted(self._found.items()))

    def reference(self, message: Descriptor) -> Schema:
        """A reference to a message's schema."""
        return self._refer(message.full_name, lambda: self.of_message(message, message.fields))

    def of_message(self, message: Descriptor, fields: Iterable[FieldDescriptor]) -> Schema:
        """The schema of a message with some of its fields; the others come by path or query."""
        choices = required_choices(message)
        chosen = {field.name for choice in choices for field in choice}
        kept = [field for field in fields if field.name not in chosen]
        schema: Schema = {"type": "object"}
        description = [self._comments.get(message.full_name, ""), *message_rules(message)]
        if any(description):
            schema["description"] = " ".join(filter(None, description))
        if kept or not choices:
            schema["properties"] = {field.json_name: self.of_field(field) for field in kept}
        required = [field.json_name for field in kept if is_required(field)]
        if required:
            schema["required"] = required
        for choice in choices:
            schema["oneOf"] = [self._alternative(field) for field in choice]
        return schema

    def _alternative(self, field: FieldDescriptor) -> Schema:
        """A oneof's field standing alone."""
        name = field.json_name
        return {"title": name, "properties": {name: self.of_field(field)}, "required": [name]}

    def of_field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field with its limits and comment."""
        schema = self._shape(field)
        description = " ".join(filter(None, [self._comments.get(field.full_name, ""), *sentences(field)]))
        return schema | ({"description": description} if description else {})

    def _shape(self, field: FieldDescriptor) -> Schema:
        rules = rules_of(field)
        value = _map_value(field)
        if value is not None:
            return {"type": "object", "additionalProperties": self._one(value)} | limits(rules)
        if field.is_repeated:
            items = self._one(field, refused_numbers(rules.repeated.items)) | limits(rules.repeated.items)
            return {"type": "array", "items": items} | limits(rules)
        return self._one(field, refused_numbers(rules)) | limits(rules)

    def _one(self, field: FieldDescriptor, refused: frozenset[int] = frozenset()) -> Schema:
        """A single value. An enum of which some values are refused is written out in place."""
        if field.enum_type is not None:
            return self._enum(field.enum_type, refused) if refused else self._enum_reference(field.enum_type)
        if field.message_type is not None:
            known = _WELL_KNOWN.get(field.message_type.full_name)
            return dict(known) if known else self.reference(field.message_type)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        return dict(_SCALARS[field.cpp_type])

    def _enum_reference(self, enum: EnumDescriptor) -> Schema:
        return self._refer(enum.full_name, lambda: self._enum(enum, frozenset()))

    def _enum(self, enum: EnumDescriptor, refused: frozenset[int]) -> Schema:
        values = [value for value in enum.values if value.number not in refused]
        lines = [
            f"- `{value.name}`: {self._comments.get(f'{enum.full_name}.{value.name}', '')}"
            for value in values
        ]
        comment = self._comments.get(enum.full_name, "")
        return {
            "type": "string",
            "description": "\n".join([comment, "", *lines]),
            "enum": [value.name for value in values],
        }

    def _refer(self, full_name: str, make: Callable[[], Schema]) -> Schema:
        name = self._names[full_name]
        if name not in self._found:
            # Held by its name before it is made: a message may hold itself.
            self._found[name] = {}
            self._found[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}


def _map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """The field of a map's values; None for what is no map."""
    entry = field.message_type
    return entry.fields_by_name["value"] if entry is not None and entry.GetOptions().map_entry else None


def _short_names(contracts: Contracts) -> dict[str, str]:
    """`Document` for `mootion.document.v1.Document`; the domain before it where two domains use the name."""
    full_names = [name for file in contracts.files.file for name in _types(file)]
    short = [name.rsplit(".", 1)[1] for name in full_names]
    return {
        full: name if short.count(name) == 1 else full.split(".")[1].capitalize() + name
        for full, name in zip(full_names, short, strict=True)
    }


def _types(file: object) -> Iterable[str]:
    package = file.package  # type: ignore[attr-defined]
    if package.startswith("mootion."):
        for element in (*file.message_type, *file.enum_type):  # type: ignore[attr-defined]
            yield f"{package}.{element.name}"
