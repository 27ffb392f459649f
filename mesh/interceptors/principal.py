"""Who calls: the workload, the principal and whether both may."""

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh.context import CallContext, Entered, Principal
from mesh.errors import CallError
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method

PRINCIPAL_KEY = "mootion-principal"
ROLE_KEY = "mootion-role"
CALLER_KEY = "mootion-caller"
EDGE = "edge"
LOCAL_PRINCIPAL = Principal("local", policy_pb2.ACCESS_ROLE_STUDENT)

_ROLES = {
    name.removeprefix("ACCESS_ROLE_"): role
    for name, role in policy_pb2.AccessRole.items()
    if role not in (policy_pb2.ACCESS_ROLE_UNSPECIFIED, policy_pb2.ACCESS_ROLE_SERVICE)
}


class PrincipalInterceptor:
    """Identifies the caller by metadata, refuses who may not call, and makes the call the current one.

    Args:
        local: a call that names no workload counts as one through the edge, and one through the edge without a
            principal gets the local one. Only for servers that nobody but this machine reaches.
    """

    def __init__(self, *, local: bool) -> None:
        self._local = local

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        callers, least_role, path, local = method.callers, method.policy.least_role, method.path, self._local
        service = method.service

        async def identify(call: Call) -> bytes:
            if call.repeated_metadata:
                _refuse_repeated(call)
            caller = call.caller = call.text(CALLER_KEY) or (EDGE if local else "")
            if caller not in callers:
                raise _not_allowed(caller, path)
            principal = call.principal = principal_of(call.text(PRINCIPAL_KEY), call.text(ROLE_KEY))
            if principal is None and local and caller == EDGE:
                principal = call.principal = LOCAL_PRINCIPAL
            check_role(principal, least_role, path)
            with Entered(CallContext(principal, caller, call.deadline, call.request_id, path), service):
                return await proceed(call)

        return identify


def principal_of(principal_id: str, role: str) -> Principal | None:
    """The principal that metadata names; one whose role is missing or unknown may do no more than the public.

    Args:
        role: such as `STUDENT`.
    """
    return Principal(principal_id, _ROLES.get(role, policy_pb2.ACCESS_ROLE_PUBLIC)) if principal_id else None


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


def _refuse_repeated(call: Call) -> None:
    keys = [key for key, _ in call.context.invocation_metadata() or ()]
    for key in (PRINCIPAL_KEY, ROLE_KEY, CALLER_KEY):
        if keys.count(key) > 1:
            raise CallError(
                grpc.StatusCode.UNAUTHENTICATED,
                reason_pb2.REASON_NO_PRINCIPAL,
                f"{key} was given more than once.",
            )
