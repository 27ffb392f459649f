"""The contracts as one value: every method with its policy and HTTP rules, read from a set of file descriptors."""

import subprocess
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from google.api import http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from mootion.policy.v1 import policy_pb2

from mesh.policy import AFTER_SEQUENCE, DEFAULT_MAX_REQUEST_BYTES, Idempotency, options_of

HTTP_BODY = "google.api.HttpBody"


class ContractError(Exception):
    """The contracts could not be read; the message says which and why."""


@dataclass(frozen=True)
class HttpRule:
    """One REST path of a method. `body` and `response_body` are field names, `*` or empty as in google.api.http."""

    verb: str
    path: str
    body: str
    response_body: str


@dataclass(frozen=True)
class Method:
    """One RPC and everything its contract says. `policy` is None where the contract has none."""

    descriptor: MethodDescriptor
    policy: policy_pb2.MethodPolicy | None
    http: tuple[HttpRule, ...]
    idempotency: Idempotency
    comment: str

    @property
    def full_name(self) -> str:
        """`mootion.document.v1.DocumentService.GetDocument`."""
        return self.descriptor.full_name

    @property
    def service(self) -> str:
        """`mootion.document.v1.DocumentService`."""
        return self.descriptor.containing_service.full_name

    @property
    def rpc_path(self) -> str:
        """`/mootion.document.v1.DocumentService/GetDocument`."""
        return f"/{self.service}/{self.descriptor.name}"

    @property
    def domain(self) -> str:
        """`document`: the folder of the contract and the name of the service that serves it."""
        return self.descriptor.containing_service.file.package.split(".")[-2]

    @property
    def input(self) -> Descriptor:
        """Type of the request."""
        return self.descriptor.input_type

    @property
    def output(self) -> Descriptor:
        """Type of the reply."""
        return self.descriptor.output_type

    @property
    def read_only(self) -> bool:
        """Declared free of side effects."""
        return self.idempotency is Idempotency.NO_SIDE_EFFECTS

    @property
    def at_edge(self) -> bool:
        """Callable from outside."""
        return self.policy is not None and "edge" in self.policy.callers

    @property
    def resumable(self) -> bool:
        """A watch: its stream goes on where it was when it is asked for `after_sequence`."""
        return self.descriptor.server_streaming and AFTER_SEQUENCE in self.input.fields_by_name

    @property
    def deadline_seconds(self) -> float:
        """Longest time one call may take; 0 where the contract has no policy."""
        deadline = self.policy.deadline if self.policy else policy_pb2.MethodPolicy().deadline
        return deadline.seconds + deadline.nanos / 1e9

    @property
    def max_request_bytes(self) -> int:
        """Largest request, all messages of a client stream together."""
        return (self.policy.max_request_bytes if self.policy else 0) or DEFAULT_MAX_REQUEST_BYTES

    @property
    def takes_bytes(self) -> bool:
        """The HTTP body is raw bytes, not JSON."""
        return any(_is_http_body(self.input, rule.body) for rule in self.http)

    @property
    def sends_bytes(self) -> bool:
        """The HTTP response is raw bytes, not JSON."""
        return any(_is_http_body(self.output, rule.response_body) for rule in self.http)


def _is_http_body(message: Descriptor, name: str) -> bool:
    body = message.fields_by_name.get(name)
    return body is not None and body.message_type is not None and body.message_type.full_name == HTTP_BODY


@dataclass(frozen=True)
class Contracts:
    """All contracts of one image."""

    files: descriptor_pb2.FileDescriptorSet
    package: str = "mootion."

    @cached_property
    def pool(self) -> descriptor_pool.DescriptorPool:
        """The types of the image."""
        pool = descriptor_pool.DescriptorPool()
        for file in self.files.file:
            pool.Add(file)
        return pool

    @cached_property
    def comments(self) -> dict[str, str]:
        """Comment of every element by full name; empty where the image has no source information."""
        return dict(pair for file in self.files.file for pair in _comments(file))

    @cached_property
    def methods(self) -> tuple[Method, ...]:
        """Every method of our own packages, by full name."""
        found = [method for file in self.files.file for method in self._methods_of(file)]
        return tuple(sorted(found, key=lambda method: method.full_name))

    @property
    def edge_methods(self) -> tuple[Method, ...]:
        """Methods that may be called from outside."""
        return tuple(method for method in self.methods if method.at_edge)

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the services: every contract folder with an RPC."""
        return tuple(sorted({method.domain for method in self.methods}))

    def _methods_of(self, file: descriptor_pb2.FileDescriptorProto) -> Iterator[Method]:
        if not file.package.startswith(self.package):
            return
        for service in file.service:
            descriptor = self.pool.FindServiceByName(f"{file.package}.{service.name}")
            for found in descriptor.methods:
                yield self._method(found)

    def _method(self, found: MethodDescriptor) -> Method:
        options = options_of(found)
        return Method(
            descriptor=found,
            policy=options.policy,
            http=tuple(_http_rule(rule) for rule in options.http_rules),
            idempotency=options.idempotency,
            comment=self.comments.get(found.full_name, ""),
        )


def parse(image: bytes) -> Contracts:
    """Reads a buf image or a FileDescriptorSet."""
    return Contracts(descriptor_pb2.FileDescriptorSet.FromString(image))


def build_image(source: str | Path, *arguments: str, root: Path) -> bytes:
    """The image of a folder of protos, or of a git reference as buf spells it, made by buf.

    Raises:
        ContractError: buf refuses the contracts; the message is buf's own.
    """
    command = [str(buf_program()), "build", str(source), "-o", "-", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode != 0:
        raise ContractError(
            f"buf build {source}: {done.stderr.decode().strip() or done.stdout.decode().strip()}"
        )
    return done.stdout


def buf_program() -> Path:
    """Where the wheel put buf."""
    return Path(sysconfig.get_path("scripts")) / "buf"


def _http_rule(rule: http_pb2.HttpRule) -> HttpRule:
    pattern = rule.WhichOneof("pattern")
    if pattern == "custom":
        verb, path = rule.custom.kind, rule.custom.path
    else:
        verb, path = (pattern or "").upper(), getattr(rule, pattern) if pattern else ""
    return HttpRule(verb, path, rule.body, rule.response_body)


_MESSAGE, _ENUM, _SERVICE = 4, 5, 6
_CHILDREN: dict[int, dict[int, str]] = {
    _MESSAGE: {2: "field", 3: "nested_type", 4: "enum_type", 8: "oneof_decl"},
    _ENUM: {2: "value"},
    _SERVICE: {2: "method"},
}


def _comments(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    for location in file.source_code_info.location:
        if location.leading_comments:
            name = _element(file, location.path)
            if name:
                yield name, _unwrap(location.leading_comments)


def _element(file: descriptor_pb2.FileDescriptorProto, path: Sequence[int]) -> str:
    """Full name of the element a source location points at, or nothing for what is no named element."""
    tops: dict[int, tuple[str, int]] = {
        4: ("message_type", _MESSAGE),
        5: ("enum_type", _ENUM),
        6: ("service", _SERVICE),
    }
    if len(path) < 2 or len(path) % 2 or path[0] not in tops:
        return ""
    attribute, kind = tops[path[0]]
    element = getattr(file, attribute)[path[1]]
    names = [file.package, element.name]
    for number, index in _pairs(path[2:]):
        attribute = _CHILDREN.get(kind, {}).get(number, "")
        if not attribute:
            return ""
        element = getattr(element, attribute)[index]
        names.append(element.name)
        kind = {"nested_type": _MESSAGE, "enum_type": _ENUM}.get(attribute, 0)
    return ".".join(names)


def _pairs(path: Sequence[int]) -> Iterable[tuple[int, int]]:
    return zip(path[::2], path[1::2], strict=True)


def _unwrap(comment: str) -> str:
    """Lines of one paragraph joined."""
    return " ".join(line.strip() for line in comment.strip().splitlines())
