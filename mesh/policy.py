"""What the contracts say about each method. The only module that reads options; everybody else asks it."""

# Importing this first matters: options that are read before their extension is known are silently empty, for good.
from mootion.policy.v1 import policy_pb2  # isort: skip

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from pathlib import Path

import mootion
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor

DEFAULT_MAX_REQUEST_BYTES = 1024 * 1024
# The field of a watch that says which state its caller saw last.
AFTER_SEQUENCE = "after_sequence"


class PolicyMissing(Exception):
    """A method has no policy, or one that lacks what every policy must say."""


class Idempotency(Enum):
    """What a repeat of a call does, as `idempotency_level` of the method says."""

    UNKNOWN = descriptor_pb2.MethodOptions.IDEMPOTENCY_UNKNOWN
    NO_SIDE_EFFECTS = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    IDEMPOTENT = descriptor_pb2.MethodOptions.IDEMPOTENT


@dataclass(frozen=True)
class Method:
    """One method and all that its contract says about it.

    `path` is what gRPC calls it (`/mootion.quiz.v1.QuizService/GetQuiz`), `full_name` the same in proto's spelling
    (`mootion.quiz.v1.QuizService.GetQuiz`), `service` the domain that serves it (`quiz`).
    """

    path: str
    full_name: str
    service: str
    policy: policy_pb2.MethodPolicy
    http_rules: Sequence[http_pb2.HttpRule]
    client_streaming: bool
    server_streaming: bool
    idempotency: Idempotency
    input: Descriptor
    output: Descriptor

    @cached_property
    def deadline_seconds(self) -> float:
        """Longest time a call may take."""
        return self.policy.deadline.ToMicroseconds() / 1e6

    @cached_property
    def max_request_bytes(self) -> int:
        """Largest request, all messages of a client stream together."""
        return self.policy.max_request_bytes or DEFAULT_MAX_REQUEST_BYTES

    @cached_property
    def callers(self) -> frozenset[str]:
        """Workloads that may call."""
        return frozenset(self.policy.callers)

    @cached_property
    def scope(self) -> str:
        """What an API key needs for it, such as `quiz:read`; empty where no key is good: accounts are for people."""
        if self.service == "identity" or self.policy.least_role == policy_pb2.ACCESS_ROLE_SERVICE:
            return ""
        kind = "read" if self.idempotency is Idempotency.NO_SIDE_EFFECTS else "write"
        return f"{self.service}:{kind}"

    @cached_property
    def holds_secrets(self) -> bool:
        """Whether its request or reply has a field with a password, token or key."""
        return _holds_secrets(self.input, frozenset()) or _holds_secrets(self.output, frozenset())

    @cached_property
    def creates_once(self) -> bool:
        """Whether a `request_id` makes the call exactly-once."""
        return (
            "request_id" in self.input.fields_by_name
            and self.idempotency is not Idempotency.NO_SIDE_EFFECTS
            and not self.server_streaming
        )

    @cached_property
    def resumable(self) -> bool:
        """Whether a stream of replies goes on where it was when it is asked for `after_sequence`: every watch."""
        return self.server_streaming and AFTER_SEQUENCE in self.input.fields_by_name


def is_sensitive(field: FieldDescriptor) -> bool:
    """Whether the contract says that a value of this field is in no log and no trace: it is PERSONAL or SECRET."""
    return bool(field.GetOptions().Extensions[policy_pb2.sensitivity] != policy_pb2.SENSITIVITY_UNSPECIFIED)


def _holds_secrets(message: Descriptor, seen: frozenset[str]) -> bool:
    if message.full_name in seen:
        return False
    return any(
        field.GetOptions().Extensions[policy_pb2.sensitivity] == policy_pb2.SENSITIVITY_SECRET
        or (field.message_type is not None and _holds_secrets(field.message_type, seen | {message.full_name}))
        for field in message.fields
    )


def method_policy(path: str) -> policy_pb2.MethodPolicy:
    """The policy of a method by its gRPC path, such as `/mootion.quiz.v1.QuizService/GetQuiz`.

    Raises:
        PolicyMissing: there is no such method, or it has no complete policy.
    """
    return method(path).policy


@cache
def method(path: str) -> Method:
    """What the contract says about a method, by its gRPC path. Its generated module must have been imported.

    Raises:
        PolicyMissing: there is no such method, or it has no complete policy.
    """
    full_name = path.removeprefix("/").replace("/", ".")
    try:
        return describe(descriptor_pool.Default().FindMethodByName(full_name))
    except KeyError:
        raise PolicyMissing(
            f"{path}: no contract describes this method; import its generated module first"
        ) from None


def all_methods() -> list[Method]:
    """Every method of every `mootion.<domain>.v1` contract that is on the import path, ordered by path.

    Raises:
        PolicyMissing: a method has no complete policy.
    """
    return [described for service in all_services() for described in methods_of(service)]


@cache
def scopes() -> frozenset[str]:
    """Every scope that an API key can have. Raises PolicyMissing."""
    return frozenset(method.scope for method in all_methods() if method.scope and "edge" in method.callers)


@cache
def all_services() -> tuple[ServiceDescriptor, ...]:
    """Every service of every `mootion.<domain>.v1` contract that is on the import path, ordered by name."""
    services = [
        service
        for module in _service_modules()
        for service in importlib.import_module(module).DESCRIPTOR.services_by_name.values()
    ]
    return tuple(sorted(services, key=lambda service: service.full_name))


def methods_of(service: ServiceDescriptor) -> list[Method]:
    """The methods of a service, ordered by name. Raises PolicyMissing."""
    return [describe(found) for found in sorted(service.methods, key=lambda found: found.name)]


@dataclass(frozen=True)
class Options:
    """The options of a method as they stand in its contract, right or wrong. `policy` is None where there is none."""

    policy: policy_pb2.MethodPolicy | None
    http_rules: Sequence[http_pb2.HttpRule]
    idempotency: Idempotency


def options_of(found: MethodDescriptor) -> Options:
    """Reads the options of a method without judging them: for what is derived from the contracts and for the linter."""
    options = found.GetOptions()
    has_policy = options.HasExtension(policy_pb2.method)
    return Options(
        policy=options.Extensions[policy_pb2.method] if has_policy else None,
        http_rules=_http_rules(options),
        idempotency=Idempotency(options.idempotency_level),
    )


def describe(found: MethodDescriptor) -> Method:
    """Reads what the contract says about a method. Raises PolicyMissing."""
    service = found.containing_service
    path = f"/{service.full_name}/{found.name}"
    options = options_of(found)
    policy = _checked(path, options.policy)
    proto = descriptor_pb2.MethodDescriptorProto()
    found.CopyToProto(proto)
    return Method(
        path=path,
        full_name=found.full_name,
        service=service.full_name.split(".")[1],
        policy=policy,
        http_rules=options.http_rules,
        client_streaming=proto.client_streaming,
        server_streaming=proto.server_streaming,
        idempotency=options.idempotency,
        input=found.input_type,
        output=found.output_type,
    )


def _checked(path: str, policy: policy_pb2.MethodPolicy | None) -> policy_pb2.MethodPolicy:
    if policy is None:
        raise PolicyMissing(
            f"{path} has no policy: add `option (mootion.policy.v1.method)` to it and run `make gen`"
        )
    lacking = [
        name
        for name, present in (
            ("least_role", policy.least_role != policy_pb2.ACCESS_ROLE_UNSPECIFIED),
            ("callers", bool(policy.callers)),
            ("deadline", policy.deadline.ToNanoseconds() > 0),
        )
        if not present
    ]
    if lacking:
        raise PolicyMissing(
            f"{path}: its policy does not say {', '.join(lacking)}; say it and run `make gen`"
        )
    return policy


def _http_rules(options: descriptor_pb2.MethodOptions) -> tuple[http_pb2.HttpRule, ...]:
    if not options.HasExtension(annotations_pb2.http):
        return ()
    first = options.Extensions[annotations_pb2.http]
    return (first, *first.additional_bindings)


def _service_modules() -> set[str]:
    # The packages are namespaces without an `__init__`, which pkgutil does not see.
    return {
        ".".join(("mootion", *found.relative_to(root).with_suffix("").parts))
        for root in map(Path, mootion.__path__)
        for found in root.glob("*/v1/*_service_pb2.py")
    }
