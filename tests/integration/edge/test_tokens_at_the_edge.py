"""What the edge says of a token that it cannot verify yet, and of one that can never be good, on each of the three
paths. Behind the edge of these tests nobody has keys."""

import json
import time
from collections.abc import Callable, Iterator

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from joserfc import jwt
from joserfc.jwk import ECKey
from mootion.document.v1 import document_service_pb2, document_service_pb2_grpc

from mesh.access_token import AUDIENCE, ISSUER
from mesh.status import DETAILS_KEY
from tests.integration.edge import grpc_web
from tests.integration.edge.edge_running import Running

GET = "/mootion.document.v1.DocumentService/GetDocument"
REQUEST = document_service_pb2.GetDocumentRequest(document_id="d1")
Said = tuple[status_pb2.Status, dict[str, str]]
Asking = Callable[[Running, str], Said]


def token(**claims: object) -> str:
    """Signed, of ours by what it says, and good for ten minutes."""
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "somebody", "iat": now, "exp": now + 600, **claims}
    key = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, said, key)


def by_rest(edge: Running, shown: str) -> Said:
    reply = edge.call("GET", "/v1/documents/d1", headers={"authorization": f"Bearer {shown}"})
    status = json_format.Parse(reply.body, status_pb2.Status())
    expected = {grpc.StatusCode.UNAVAILABLE: 503, grpc.StatusCode.UNAUTHENTICATED: 401}
    assert reply.status == {code.value[0]: http for code, http in expected.items()}[status.code]
    assert json.loads(reply.body)["details"][0]["metadata"]["request_id"] == reply.headers["x-request-id"]
    return status, reply.headers


def by_grpc(edge: Running, shown: str) -> Said:
    with grpc.insecure_channel(edge.authority) as channel, pytest.raises(grpc.RpcError) as raised:
        stub = document_service_pb2_grpc.DocumentServiceStub(channel)
        stub.GetDocument(REQUEST, metadata=(("authorization", f"Bearer {shown}"),))
    status = rpc_status.from_call(raised.value)
    assert status is not None and isinstance(raised.value, grpc.Call)
    assert raised.value.code().value[0] == status.code
    told = [*raised.value.initial_metadata(), *raised.value.trailing_metadata()]
    return status, {name: value for name, value in told if isinstance(value, str)}


def by_grpc_web(edge: Running, shown: str) -> Said:
    reply = grpc_web.call(edge, GET, REQUEST.SerializeToString(), token=shown)
    assert reply.status == 200
    status = status_pb2.Status.FromString(grpc_web.decoded(reply.headers[DETAILS_KEY].encode()))
    assert reply.headers["grpc-status"] == str(status.code)
    return status, reply.headers


@pytest.fixture(params=[by_rest, by_grpc, by_grpc_web])
def asking(request: pytest.FixtureRequest) -> Iterator[Asking]:
    yield request.param


def details(status: status_pb2.Status) -> tuple[str, float | None]:
    """The reason, and in how many seconds to come back."""
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    waits = any(detail.Unpack(retry) for detail in status.details)
    return info.reason, retry.retry_delay.seconds if waits else None


def test_a_token_that_cannot_be_verified_yet_is_kept_and_shown_again(edge: Running, asking: Asking) -> None:
    status, headers = asking(edge, token())
    assert status.code == grpc.StatusCode.UNAVAILABLE.value[0]
    assert details(status) == ("DEPENDENCY_UNAVAILABLE", 1)
    assert headers["retry-after"] == "1"
    assert "Keep the token" in status.message


@pytest.mark.parametrize("claims", [{"aud": "another"}, {"iss": "another"}, {"exp": 1}])
def test_a_token_that_can_never_be_good_is_no_good_token(
    edge: Running, asking: Asking, claims: dict[str, object]
) -> None:
    status, _ = asking(edge, token(**claims))
    assert status.code == grpc.StatusCode.UNAUTHENTICATED.value[0]
    assert details(status) == ("TOKEN_INVALID", None)
