"""Errors that Envoy itself answers with, turned into `google.rpc.Status`: as JSON for REST, as status and
`grpc-status-details-bin` for gRPC."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from envoy_data_plane.envoy.config.accesslog.v3 import (
    AccessLogFilter,
    AndFilter,
    ComparisonFilter,
    ComparisonFilterOp,
    ExtensionFilter,
    HeaderFilter,
    ResponseFlagFilter,
    StatusCodeFilter,
)
from envoy_data_plane.envoy.config.core.v3 import (
    DataSource,
    HeaderValue,
    HeaderValueOption,
    HeaderValueOptionHeaderAppendAction,
    RuntimeUInt32,
    SubstitutionFormatString,
)
from envoy_data_plane.envoy.config.route.v3 import HeaderMatcher
from envoy_data_plane.envoy.extensions.access_loggers.filters.cel.v3 import ExpressionFilter
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    LocalReplyConfig,
    ResponseMapper,
)
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher
from envoy_data_plane.google.protobuf import Any, Struct
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from mootion.errors.v1 import reason_pb2

from mesh.derive.contracts import Contracts
from mesh.derive.paths import PathTemplate
from mesh.errors import DOMAIN, reason_name

HEALTH_PATH = r"/healthz(\?.*)?"
ORIGINAL_PATH = "x-envoy-original-path"
_GRPC = "application/grpc"
_UNLESS_THERE = HeaderValueOptionHeaderAppendAction.ADD_IF_ABSENT
_CODE_NUMBERS = {code: code.value[0] for code in grpc.StatusCode}


@dataclass(frozen=True)
class Fault:
    """What a status of Envoy's own means in terms of the contract.

    `path` narrows it to request paths, `flag` to one of Envoy's response flags, `verdict` to what Envoy found of the
    token. `retry_after_seconds` tells the caller when to come back, unless the reply has a header `retry-after`
    already, which is believed; `http_status` is sent to REST callers in place of `status`.
    """

    status: int
    code: grpc.StatusCode
    reason: reason_pb2.Reason.ValueType
    message: str
    path: str = ""
    flag: str = ""
    verdict: str = ""
    retry_after_seconds: int = 0
    http_status: int = 0


_UNAVAILABLE = "The service behind this call does not answer. Try again in a moment."
_TOO_LATE = "The call took longer than its deadline."
_UNKNOWN = "There is no such path or method here. GET /openapi.json lists every path."
_INVALID = "The request does not fit the contract"
_NO_GOOD_TOKEN = (
    "The token is not good: it is none of ours, was changed, or has ended. Sign in again, or refresh it."
)
_FAULTS = (
    Fault(400, grpc.StatusCode.INVALID_ARGUMENT, reason_pb2.REASON_INVALID_FIELD, _INVALID),
    # The token may be good: a caller that threw it away would sign in for nothing.
    Fault(
        401,
        grpc.StatusCode.UNAVAILABLE,
        reason_pb2.REASON_DEPENDENCY_UNAVAILABLE,
        "The keys by which tokens are verified are not here yet. Keep the token, and try again in a moment.",
        verdict="Jwks_remote_fetch_is_failed",
        retry_after_seconds=1,
        http_status=503,
    ),
    Fault(401, grpc.StatusCode.UNAUTHENTICATED, reason_pb2.REASON_TOKEN_INVALID, _NO_GOOD_TOKEN),
    Fault(
        403,
        grpc.StatusCode.UNAUTHENTICATED,
        reason_pb2.REASON_TOKEN_INVALID,
        _NO_GOOD_TOKEN,
        verdict="Audiences_in_Jwt_are_not_allowed",
        http_status=401,
    ),
    Fault(
        403,
        grpc.StatusCode.PERMISSION_DENIED,
        reason_pb2.REASON_CALLER_NOT_ALLOWED,
        "Only this machine's own pages and host names may call this address, and only by HTTP and gRPC.",
    ),
    Fault(404, grpc.StatusCode.UNIMPLEMENTED, reason_pb2.REASON_UNKNOWN_METHOD, _UNKNOWN),
    Fault(
        405,
        grpc.StatusCode.UNIMPLEMENTED,
        reason_pb2.REASON_UNKNOWN_METHOD,
        "The path exists, but not with this HTTP method. The header `allow` names those that do.",
    ),
    Fault(408, grpc.StatusCode.DEADLINE_EXCEEDED, reason_pb2.REASON_DEADLINE_EXCEEDED, _TOO_LATE),
    Fault(
        413,
        grpc.StatusCode.INVALID_ARGUMENT,
        reason_pb2.REASON_REQUEST_TOO_LARGE,
        "The request is larger than this method admits.",
    ),
    Fault(
        415,
        grpc.StatusCode.INVALID_ARGUMENT,
        reason_pb2.REASON_INVALID_FIELD,
        "Compressed requests are not taken here. Send it as it is.",
    ),
    Fault(
        429,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        reason_pb2.REASON_RATE_LIMITED,
        "More calls came than are admitted. Wait for as long as is said, and try again.",
        retry_after_seconds=1,
    ),
    Fault(
        431,
        grpc.StatusCode.INVALID_ARGUMENT,
        reason_pb2.REASON_REQUEST_TOO_LARGE,
        "The headers of the request are larger than is allowed, or too many.",
    ),
    Fault(
        503,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        reason_pb2.REASON_OVERLOADED,
        "The service has as many calls in flight as it takes. Try again in a moment.",
        flag="UO",
        retry_after_seconds=1,
        http_status=429,
    ),
    Fault(500, grpc.StatusCode.INTERNAL, reason_pb2.REASON_INTERNAL, "The reply could not be sent."),
    Fault(502, grpc.StatusCode.UNAVAILABLE, reason_pb2.REASON_DEPENDENCY_UNAVAILABLE, _UNAVAILABLE),
    Fault(503, grpc.StatusCode.UNAVAILABLE, reason_pb2.REASON_DEPENDENCY_UNAVAILABLE, _UNAVAILABLE),
    Fault(504, grpc.StatusCode.DEADLINE_EXCEEDED, reason_pb2.REASON_DEADLINE_EXCEEDED, _TOO_LATE),
)


def local_replies(contracts: Contracts) -> LocalReplyConfig:
    """The first mapper that fits a reply decides it."""
    faults = [*_upload_faults(contracts), *_FAULTS]
    return LocalReplyConfig(
        mappers=[_healthy(), *(mapper for fault in faults for mapper in (_for_grpc(fault), _for_rest(fault)))]
    )


def _upload_faults(contracts: Contracts) -> Iterable[Fault]:
    for method in contracts.edge_methods:
        if method.takes_bytes:
            size = method.max_request_bytes // 1_048_576
            yield Fault(
                413,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                reason_pb2.REASON_UPLOAD_TOO_LARGE,
                f"The upload is larger than {size} MiB. Split the file, or make it smaller.",
                "|".join(PathTemplate.parse(rule.path).regex for rule in method.http),
            )


def _healthy() -> ResponseMapper:
    return ResponseMapper(
        filter=AccessLogFilter(
            and_filter=AndFilter(filters=[_status(200), _header(":path", RegexMatcher(regex=HEALTH_PATH))])
        ),
        body_format_override=_json({"status": "SERVING"}),
    )


def _for_grpc(fault: Fault) -> ResponseMapper:
    """For native gRPC Envoy sets status and content type itself; for gRPC-web this is what its filter passes on."""
    status = status_pb2.Status(
        code=_CODE_NUMBERS[fault.code], message=_sentence(fault), details=list(_details(fault))
    )
    details = base64.b64encode(status.SerializeToString(deterministic=True)).decode().rstrip("=")
    return ResponseMapper(
        filter=_matching(fault, [_header("content-type", StringMatcher(prefix=_GRPC)), _not_transcoded()]),
        status_code=200,
        body_format_override=SubstitutionFormatString(
            text_format_source=DataSource(inline_string=""), content_type=f"{_GRPC}-web+proto"
        ),
        headers_to_add=[
            _set_header("grpc-status", str(_CODE_NUMBERS[fault.code])),
            *(
                HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=_UNLESS_THERE)
                for name, value in (("grpc-message", _sentence(fault)), ("grpc-status-details-bin", details))
            ),
            *_waiting(fault),
        ],
    )


def _for_rest(fault: Fault) -> ResponseMapper:
    message = f"{fault.message}: %LOCAL_REPLY_BODY%" if fault.status == 400 else fault.message
    info: dict[str, object] = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason_name(fault.reason),
        "domain": DOMAIN,
        "metadata": {"request_id": "%REQ(X-REQUEST-ID)%"},
    }
    request: dict[str, object] = {
        "@type": "type.googleapis.com/google.rpc.RequestInfo",
        "requestId": "%REQ(X-REQUEST-ID)%",
    }
    details: list[dict[str, object]] = [info, request]
    if fault.retry_after_seconds:
        delay = "%RESP(RETRY-AFTER)%s"
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    body = {"code": _CODE_NUMBERS[fault.code], "message": message, "details": details}
    return ResponseMapper(
        filter=_matching(fault, []),
        status_code=fault.http_status or None,
        body_format_override=_json(body),
        headers_to_add=_waiting(fault),
    )


def _waiting(fault: Fault) -> list[HeaderValueOption]:
    """When to come back, where nothing has said it before."""
    if not fault.retry_after_seconds:
        return []
    seconds = HeaderValue(key="retry-after", value=str(fault.retry_after_seconds))
    return [HeaderValueOption(header=seconds, append_action=_UNLESS_THERE)]


def _sentence(fault: Fault) -> str:
    return fault.message if fault.message.endswith(".") else f"{fault.message}."


def _details(fault: Fault) -> Iterable[any_pb2.Any]:
    yield _packed(error_details_pb2.ErrorInfo(reason=reason_name(fault.reason), domain=DOMAIN))
    if fault.retry_after_seconds:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromSeconds(fault.retry_after_seconds)
        yield _packed(retry)


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _matching(fault: Fault, filters: list[AccessLogFilter]) -> AccessLogFilter:
    everything = [_status(fault.status), *filters]
    if fault.flag:
        everything.append(AccessLogFilter(response_flag_filter=ResponseFlagFilter(flags=[fault.flag])))
    if fault.verdict:
        everything.append(_details_are(f"jwt_authn_access_denied{{{fault.verdict}}}"))
    if fault.path:
        everything.append(_header(":path", RegexMatcher(regex=rf"({fault.path})(\?.*)?")))
    return (
        everything[0] if len(everything) == 1 else AccessLogFilter(and_filter=AndFilter(filters=everything))
    )


def _status(code: int) -> AccessLogFilter:
    comparison = ComparisonFilter(
        op=ComparisonFilterOp.EQ,
        value=RuntimeUInt32(default_value=code, runtime_key=f"edge.reply.{code}"),
    )
    return AccessLogFilter(status_code_filter=StatusCodeFilter(comparison=comparison))


def _details_are(details: str) -> AccessLogFilter:
    """What the access log calls the detail of a reply."""
    expression = ExpressionFilter(expression=f'response.code_details == "{details}"')
    return AccessLogFilter(
        extension_filter=ExtensionFilter(
            name="envoy.access_loggers.extension_filters.cel", typed_config=Any.pack(expression)
        )
    )


def _header(name: str, match: StringMatcher | RegexMatcher) -> AccessLogFilter:
    matcher = StringMatcher(safe_regex=match) if isinstance(match, RegexMatcher) else match
    return AccessLogFilter(header_filter=HeaderFilter(header=HeaderMatcher(name=name, string_match=matcher)))


def _not_transcoded() -> AccessLogFilter:
    """The transcoder makes a REST call look like gRPC and keeps the path it had."""
    original = HeaderMatcher(name=ORIGINAL_PATH, present_match=True, invert_match=True)
    return AccessLogFilter(header_filter=HeaderFilter(header=original))


def _set_header(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(
        header=HeaderValue(key=name, value=value),
        append_action=HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )


def _json(body: dict[str, object]) -> SubstitutionFormatString:
    return SubstitutionFormatString(
        json_format=Struct.from_dict(body), content_type="application/json", omit_empty_values=True
    )
