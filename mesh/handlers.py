"""From the servicers of a process to its gRPC handlers, checked against the contracts."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from mootion.errors.v1 import reason_pb2

from mesh import policy, status
from mesh.config import ConfigurationError
from mesh.errors import CallError
from mesh.ids import Ids
from mesh.interceptors.adapter import Handler, adapt, is_implemented
from mesh.interceptors.call import Interceptor
from mesh.policy import Method, PolicyMissing
from mesh.service import Servicer

_BEHAVIOURS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
_Behaviour = Callable[..., Any]


class UnknownMethods(grpc.GenericRpcHandler):
    """Answers for every path that no handler was registered for: UNIMPLEMENTED, with a status of ours."""

    def __init__(self, ids: Ids) -> None:
        self._refuse = _unknown_method(ids)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        """See grpc.GenericRpcHandler."""
        return self._refuse


def bind(
    servicers: Sequence[Servicer], interceptors: Sequence[Interceptor], *, partial: bool = False
) -> dict[str, dict[str, Handler]]:
    """The handlers of servicers by service and method name, behind the interceptors.

    Args:
        partial: allow servicers that implement only some methods, and processes that hold only some services of a
            domain, as fakes in tests do.

    Raises:
        ConfigurationError: a method has no policy, or what is registered is not what the contracts describe.
    """
    found = [registered for servicer in servicers for registered in _methods_of(servicer)]
    problems = [problem for _, _, problem in found if problem]
    problems += _repeated([servicer.descriptor.full_name for servicer in servicers])
    if not partial:
        problems += _unimplemented(found) + _missing_services(servicers)
    if problems:
        raise ConfigurationError(problems)
    bound: dict[str, dict[str, Handler]] = {}
    for method, behaviour, _ in found:
        if method is not None:
            service, _, name = method.full_name.rpartition(".")
            bound.setdefault(service, {})[name] = adapt(method, behaviour, interceptors)
    return bound


_Found = tuple[Method | None, _Behaviour, str]


class _Recorder:
    """Stands in for a server when a generated `add_XServicer_to_server` runs, and keeps what it registers."""

    def __init__(self) -> None:
        self.service = ""
        self.handlers: dict[str, Handler] = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """The same handlers come through the next method by name."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        self.service = service
        self.handlers = dict(handlers)


def _methods_of(servicer: Servicer) -> list[_Found]:
    recorder = _Recorder()
    servicer.register(servicer.implementation, recorder)
    described = servicer.descriptor.methods_by_name
    name = servicer.descriptor.full_name
    if recorder.service != name or set(recorder.handlers) != set(described):
        problem = f"{name}: what is registered as {recorder.service} is not what its descriptor says; run `make gen`"
        return [(None, _nothing, problem)]
    return [
        _described(described[method], _behaviour(handler)) for method, handler in recorder.handlers.items()
    ]


def _described(descriptor: Any, behaviour: _Behaviour) -> _Found:
    try:
        method = policy.describe(descriptor)
    except PolicyMissing as missing:
        return None, behaviour, str(missing)
    return method, behaviour, _shape_problem(method, behaviour)


def _shape_problem(method: Method, behaviour: _Behaviour) -> str:
    if is_implemented(behaviour) and method.server_streaming == inspect.iscoroutinefunction(behaviour):
        kind = "an async generator" if method.server_streaming else "a coroutine"
        return f"{method.path}: its handler must be {kind} function (async def)"
    return ""


def _behaviour(handler: Handler) -> _Behaviour:
    behaviour: _Behaviour = next(
        found for shape in _BEHAVIOURS if (found := getattr(handler, shape)) is not None
    )
    return behaviour


async def _nothing() -> None:
    return


def _repeated(names: list[str]) -> list[str]:
    return [f"{name} is registered more than once" for name in sorted(set(names)) if names.count(name) > 1]


def _unimplemented(found: Sequence[_Found]) -> list[str]:
    return [
        f"{method.path} is in the contract and not implemented"
        for method, behaviour, _ in found
        if method is not None and not is_implemented(behaviour)
    ]


def _missing_services(servicers: Sequence[Servicer]) -> list[str]:
    registered = {servicer.descriptor.full_name for servicer in servicers}
    packages = {servicer.descriptor.file.package for servicer in servicers}
    return [
        f"{service.full_name} is in the contracts of {service.file.package} and not registered"
        for service in policy.all_services()
        if service.file.package in packages and service.full_name not in registered
    ]


def _unknown_method(ids: Ids) -> Handler:
    async def refuse(requests: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        error = CallError(
            grpc.StatusCode.UNIMPLEMENTED,
            reason_pb2.REASON_UNKNOWN_METHOD,
            "There is no such method here. Ask the server by reflection which there are.",
        )
        details = status.encode(error, ids.new()).SerializeToString()
        await context.abort(error.code, error.message, ((status.DETAILS_KEY, details),))

    return grpc.stream_stream_rpc_method_handler(refuse)
