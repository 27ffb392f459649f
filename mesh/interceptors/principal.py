"""Who calls: the workload, the principal and whether both may."""

from collections.abc import Awaitable, Callable, Iterable

import grpc
from mootion.audit.v1 import audit_service_pb2
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh.callers import EDGE, Caller, Callers, check_same_site, refuse_repeated
from mesh.context import CallContext, Entered, Principal
from mesh.errors import CallError
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Idempotency, Method

Identify = Callable[[Call], Awaitable[Caller]]


class PrincipalInterceptor:
    """Identifies the caller, refuses who may not call, and makes the call the current one.

    A method for everybody looks at no token: whoever signs in may still hold one that has ended.
    """

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        allowed, least_role, path = method.callers, method.policy.least_role, method.path
        service, identify_caller = method.service, self._identify(method)

        async def identify(call: Call) -> bytes:
            if call.repeated_metadata:
                refuse_repeated([key for key, _ in call.context.invocation_metadata() or ()])
            caller = await identify_caller(call)
            call.caller, call.client = caller.workload, caller.client
            if caller.workload not in allowed:
                raise _not_allowed(caller.workload, path)
            principal = call.principal = caller.principal
            check_role(principal, least_role, path)
            if caller.by_key:
                call.factors.append(audit_service_pb2.API_KEY)
            entered = CallContext(
                principal, caller.workload, call.deadline, call.request_id, path, caller.client, call.factors
            )
            with Entered(entered, service):
                return await proceed(call)

        return identify

    def _identify(self, method: Method) -> Identify:
        callers, path, scope = self._callers, method.path, method.scope
        reads = method.idempotency is Idempotency.NO_SIDE_EFFECTS
        for_everybody = method.policy.least_role == policy_pb2.ACCESS_ROLE_PUBLIC

        async def identify(call: Call) -> Caller:
            uris = _peer_uris(call) if callers.trust_domain else ()
            inside = callers.from_inside(call.metadata, path, uris)
            if inside is not None:
                return inside
            if EDGE not in method.callers:
                raise _not_allowed("", path)
            call.from_outside = True
            if for_everybody:
                return callers.nobody(call.metadata)
            outside = await callers.from_outside(call.metadata, scope)
            if not reads:
                check_same_site(outside, call.metadata)
            return outside

        return identify


def check_role(principal: Principal | None, least_role: policy_pb2.AccessRole.ValueType, path: str) -> None:
    """Raises CallError where the principal may not call the method."""
    if least_role == policy_pb2.ACCESS_ROLE_SERVICE:
        if principal is not None:
            raise CallError(
                grpc.StatusCode.PERMISSION_DENIED,
                reason_pb2.REASON_CALLER_NOT_ALLOWED,
                f"{path} is for workloads of the mesh, never for a person.",
            )
    elif least_role != policy_pb2.ACCESS_ROLE_PUBLIC:
        _check_person(principal, least_role, path)


def _check_person(
    principal: Principal | None, least_role: policy_pb2.AccessRole.ValueType, path: str
) -> None:
    if principal is None:
        raise CallError(
            grpc.StatusCode.UNAUTHENTICATED,
            reason_pb2.REASON_NO_PRINCIPAL,
            f"{path} asks who calls, and nobody was named. Sign in first.",
        )
    if principal.role < least_role:
        least = policy_pb2.AccessRole.Name(least_role).removeprefix("ACCESS_ROLE_")
        raise CallError(
            grpc.StatusCode.PERMISSION_DENIED,
            reason_pb2.REASON_ROLE_TOO_LOW,
            f"{path} asks for the role {least} or a higher one.",
        )


def _not_allowed(caller: str, path: str) -> CallError:
    who = f"The workload {caller[:64]!r}" if caller else "A caller that names no workload"
    return CallError(
        grpc.StatusCode.PERMISSION_DENIED,
        reason_pb2.REASON_CALLER_NOT_ALLOWED,
        f"{who} may not call {path}. Go through the edge.",
    )


def _peer_uris(call: Call) -> list[str]:
    """What the certificate of the caller's connection names."""
    found: Iterable[bytes] = call.context.auth_context().get("peer_uri", ())
    return [uri.decode() for uri in found]
