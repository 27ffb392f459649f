"""An OpenID Connect provider on loopback, who lets everybody in."""

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from mootion.identity.v1 import identity_service_pb2

from mesh.policy import method
from proofs.callers.doors import Door

NAME = "example"
REDIRECT = "https://learn.example.org/back"
_CLIENT = "mootion"
_START = "/mootion.identity.v1.IdentityService/StartSignIn"


@dataclass
class OpenIdProvider:
    """What it publishes, and the tokens it gives for codes.

    Attributes:
        issuer: its address.
    """

    issuer: str = ""
    _key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "p1"}))
    _nonces: dict[str, str] = field(default_factory=dict)

    def variables(self) -> Mapping[str, str]:
        """By which a system knows it."""
        prefix = f"MOOTION_OIDC_{NAME.upper()}"
        return {
            f"{prefix}_ISSUER": self.issuer,
            f"{prefix}_CLIENT_ID": _CLIENT,
            f"{prefix}_CLIENT_SECRET": "hush",
            "MOOTION_OIDC_REDIRECTS": REDIRECT,
        }

    async def approved(self, door: Door) -> tuple[str, str]:
        """State and code of somebody who begins a sign-in and agrees to it at the provider.

        Raises:
            RuntimeError: it cannot be begun.
        """
        request = identity_service_pb2.StartSignInRequest(provider=NAME, redirect_uri=REDIRECT)
        outcome = await door.call(method(_START), request)
        if not outcome.is_ok:
            raise RuntimeError(f"no sign-in with the provider: {outcome.told()} {outcome.message}")
        begun: Any = outcome.replies[0]
        asked = parse_qs(urlsplit(begun.authorization_url).query)
        code = secrets.token_urlsafe(8)
        self._nonces[code] = asked["nonce"][0]
        return str(begun.state), code

    def published(self, path: str) -> object:
        """What everybody may read at a path; None where there is nothing."""
        if path == "/keys":
            return {"keys": [self._key.as_dict(private=False)]}
        if path != "/.well-known/openid-configuration":
            return None
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.issuer, **{name: f"{self.issuer}/{end}" for name, end in ends.items()}}

    def token(self, code: str) -> object:
        """The tokens for a code, each good once; None where it is none of ours."""
        nonce = self._nonces.pop(code, None)
        if nonce is None:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": _CLIENT,
            "sub": f"subject-{code}",
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
        }
        token = jwt.encode({"alg": "ES256", "kid": "p1"}, claims, self._key, algorithms=["ES256"])
        return {"access_token": "x", "token_type": "Bearer", "id_token": token}


@contextmanager
def opened() -> Iterator[OpenIdProvider]:
    """A provider that answers until the block ends."""
    provider = OpenIdProvider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(provider.published(self.path))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("content-length", 0))).decode())
            self._answer(provider.token(form.get("code", [""])[0]))

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def _answer(self, body: object) -> None:
            sent = json.dumps(body or {"error": "invalid_grant"}).encode()
            self.send_response(200 if body else 400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    return Handler
