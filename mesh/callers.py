"""Who calls, decided in one place for gRPC and HTTP: a signed workload from inside, or a token, a key or nobody from
outside. Nothing else that metadata says of identity counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh.access_token import Claims, TokenRefused
from mesh.certificates.names import workloads_in
from mesh.context import Client, Principal
from mesh.errors import CallError
from mesh.signature import SIGNATURE_KEY, Signer

PRINCIPAL_KEY = "mootion-principal"
ROLE_KEY = "mootion-role"
CALLER_KEY = "mootion-caller"
ADDRESS_KEY = "mootion-address"
TOKEN_KEY = "authorization"
API_KEY_KEY = "x-api-key"
COOKIE = "__Host-mootion-access"
EDGE = "edge"
LOCAL_PRINCIPAL = Principal("local", policy_pb2.ACCESS_ROLE_STUDENT)
# What says who calls: given twice, it is refused.
IDENTITY_KEYS = (PRINCIPAL_KEY, ROLE_KEY, CALLER_KEY, SIGNATURE_KEY, TOKEN_KEY, API_KEY_KEY)
_INSIDE_KEYS = (PRINCIPAL_KEY, ROLE_KEY, CALLER_KEY)
_BEARER = "bearer "
_ROLES = {
    name.removeprefix("ACCESS_ROLE_"): role
    for name, role in policy_pb2.AccessRole.items()
    if role not in (policy_pb2.ACCESS_ROLE_UNSPECIFIED, policy_pb2.ACCESS_ROLE_SERVICE)
}

Headers = Mapping[str, str | bytes]


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom an API key stands for, and what it may call."""

    principal: Principal
    scopes: frozenset[str]


class Authority(Protocol):
    """Knows which tokens and keys are good."""

    async def token(self, token: str) -> Claims:
        """What a token says. Raises TokenRefused."""
        ...

    async def api_key(self, key: str) -> KeyHolder:
        """Whom a key stands for. Raises TokenRefused."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """The workload that calls (`edge` for everything from outside), for whom, and where that came from. `by_cookie`
    says that a browser sent the token by itself, `by_key` that an API key stands for whom it is."""

    workload: str
    principal: Principal | None
    client: Client
    by_cookie: bool = False
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class Callers:
    """Identifies callers.

    Args:
        signer: checks what workloads of the mesh say of themselves.
        authority: checks what people and partners show.
        local: whether a call from outside that shows nothing acts as the local account. Only for servers that nobody
            but this machine reaches.
        trust_domain: of the certificates of the mesh; empty where there are none.
    """

    signer: Signer
    authority: Authority
    local: bool
    trust_domain: str = ""

    def from_inside(self, headers: Headers, path: str, uris: Iterable[str] = ()) -> Caller | None:
        """The signed workload, or None for a call from outside, which with certificates only the edge brings.

        Args:
            uris: what the certificate of the connection names.

        Raises:
            CallError: UNAUTHENTICATED where identity is claimed without a good signature, PERMISSION_DENIED where
                another workload signed than the certificate names, or nobody signed and it does not name the edge.
        """
        signature = headers.get(SIGNATURE_KEY)
        if signature is None:
            if any(key in headers for key in _INSIDE_KEYS):
                raise _unsigned()
            if self.trust_domain and EDGE not in workloads_in(self.trust_domain, uris):
                raise _not_from_the_edge(path)
            return None
        if not isinstance(signature, str) or not self.signer.is_good(signature, path, headers):
            raise _unsigned()
        workload = _text(headers, CALLER_KEY)
        if self.trust_domain and workload not in workloads_in(self.trust_domain, uris):
            raise _not_its_certificate(workload)
        principal = principal_of(_text(headers, PRINCIPAL_KEY), _text(headers, ROLE_KEY))
        return Caller(workload, principal, Client())

    def nobody(self, headers: Headers) -> Caller:
        """Somebody from outside, whoever it is: for methods that are for everybody."""
        return Caller(EDGE, None, Client(_text(headers, ADDRESS_KEY), _text(headers, "user-agent")))

    async def from_outside(self, headers: Headers, scope: str) -> Caller:
        """Whoever the token or key stands for; nobody, or the local account, where there is neither.

        Args:
            scope: what an API key needs to be good for this call; empty where no key is.

        Raises:
            CallError: UNAUTHENTICATED for a token or key that is not good, PERMISSION_DENIED for a key without scope.
        """
        address, agent = _text(headers, ADDRESS_KEY), _text(headers, "user-agent")
        key = _text(headers, API_KEY_KEY)
        token, by_cookie = _token_of(headers)
        try:
            if token:
                claims = await self.authority.token(token)
                client = Client(address, agent, claims.session_id)
                return Caller(EDGE, Principal(claims.account_id, claims.role), client, by_cookie)
            if key:
                holder = await self.authority.api_key(key)
                _check_scope(holder, scope)
                return Caller(EDGE, holder.principal, Client(address, agent), by_key=True)
        except TokenRefused as error:
            raise _refused(str(error)) from None
        return Caller(EDGE, LOCAL_PRINCIPAL if self.local else None, Client(address, agent))


def principal_of(principal_id: str, role: str) -> Principal | None:
    """The principal that metadata names; one whose role is missing or unknown may do no more than the public.

    Args:
        role: such as `STUDENT`.
    """
    return Principal(principal_id, _ROLES.get(role, policy_pb2.ACCESS_ROLE_PUBLIC)) if principal_id else None


def check_same_site(caller: Caller, headers: Headers) -> None:
    """Refuses a change that another site's page made the browser send with our cookie.

    Raises:
        CallError: CROSS_SITE_CALL.
    """
    if caller.by_cookie and not is_our_page(headers):
        raise cross_site("A page of another site sent this with your cookie.")


def is_our_page(headers: Headers) -> bool | None:
    """Whether the page that sent a change is of our own site; None where nothing says so: no browser sent it."""
    site, origin = _text(headers, "sec-fetch-site"), _text(headers, "origin")
    if site:
        return site == "same-origin"
    host = _text(headers, ":authority") or _text(headers, "x-forwarded-host") or _text(headers, "host")
    # `null`, of a page that hides where it is from, has no host, and is none of ours where ours is not known either.
    return bool(host) and origin.partition("://")[2] == host if origin else None


def cross_site(what: str) -> CallError:
    """The refusal of a call that another site's page made a browser send."""
    return CallError(
        grpc.StatusCode.PERMISSION_DENIED,
        reason_pb2.REASON_CROSS_SITE_CALL,
        f"{what} Call from our own pages, or with a token.",
    )


def refuse_repeated(keys: Sequence[str]) -> None:
    """Refuses what says more than once who calls: readers would differ in which of it they believe.

    Args:
        keys: the name of every header of a call, as often as it is there.

    Raises:
        CallError: UNAUTHENTICATED.
    """
    for key in IDENTITY_KEYS:
        if keys.count(key) > 1:
            raise CallError(
                grpc.StatusCode.UNAUTHENTICATED,
                reason_pb2.REASON_NO_PRINCIPAL,
                f"{key} was given more than once.",
            )


def _token_of(headers: Headers) -> tuple[str, bool]:
    """The token and whether it came as a cookie. A header goes before a cookie."""
    given = _text(headers, TOKEN_KEY)
    if given:
        if not given[: len(_BEARER)].casefold() == _BEARER:
            raise _refused("it is no Bearer token")
        return given[len(_BEARER) :].strip() or "-", False
    for pair in _text(headers, "cookie").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and value:
            return value, True
    return "", False


def _check_scope(holder: KeyHolder, scope: str) -> None:
    if not scope:
        raise _scope_missing("The call is for people, not for keys. Sign in.")
    if scope not in holder.scopes:
        raise _scope_missing(f"The call needs the scope {scope}. Make a key that has it, or sign in.")


def _scope_missing(message: str) -> CallError:
    return CallError(grpc.StatusCode.PERMISSION_DENIED, reason_pb2.REASON_SCOPE_MISSING, message)


def _text(headers: Headers, key: str) -> str:
    value = headers.get(key, "")
    return value if isinstance(value, str) else ""


def _refused(why: str) -> CallError:
    return CallError(
        grpc.StatusCode.UNAUTHENTICATED,
        reason_pb2.REASON_TOKEN_INVALID,
        f"The token is not good: {why}. Sign in again, or refresh it.",
    )


def _not_its_certificate(workload: str) -> CallError:
    return CallError(
        grpc.StatusCode.PERMISSION_DENIED,
        reason_pb2.REASON_CALLER_NOT_ALLOWED,
        f"The certificate of the connection does not name the workload {workload[:64]!r} that signed the call. "
        "Call with its own certificate.",
    )


def _not_from_the_edge(path: str) -> CallError:
    return CallError(
        grpc.StatusCode.PERMISSION_DENIED,
        reason_pb2.REASON_CALLER_NOT_ALLOWED,
        f"No workload signed the call of {path[:128]}, and the certificate of the connection is not the edge's, which"
        " alone brings calls from outside. Go through the edge, or sign as the workload of the certificate.",
    )


def _unsigned() -> CallError:
    return CallError(
        grpc.StatusCode.UNAUTHENTICATED,
        reason_pb2.REASON_CALLER_NOT_ALLOWED,
        "The call claims to come from inside the mesh without a good signature. Go through the edge, with a token.",
    )
