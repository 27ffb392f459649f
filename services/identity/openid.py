"""Who signed in, by the ID token of an OpenID Connect provider."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from mesh.config import SignInProvider
from mesh.errors import CallError
from services.identity.sign_in import Begun, Person, Web, sign_in_failed

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
LEEWAY_SECONDS = 60
# Microsoft publishes one issuer for all tenants, with this in place of the tenant, which each ID token names.
ANY_TENANT = "{tenantid}"
TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class OpenId:
    """A provider that speaks OpenID Connect. What it publishes about itself is read once and kept."""

    provider: SignInProvider
    web: Web
    now: Callable[[], datetime]
    scope: str = "openid email profile"
    _about: dict[str, Any] = field(default_factory=dict)

    async def authorization_endpoint(self) -> str:
        """See `SignIn`."""
        return str((await self._published())["authorization_endpoint"])

    async def person(self, client: AsyncOAuth2Client, begun: Begun, code: str) -> Person:
        """See `SignIn`. An address counts only where the provider says that it was verified."""
        about = await self._published()
        token = await client.fetch_token(about["token_endpoint"], code=code, code_verifier=begun["verifier"])
        keys = await self.web.read(about["jwks_uri"])
        signed = jwt.decode(token["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS)
        claims, issuer = signed.claims, _of_tenant(about["issuer"], signed.claims)
        self._check(claims, issuer, begun["nonce"])
        _check_key(keys, signed.header.get("kid"), claims)
        email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
        return Person(str(claims["sub"]), email, str(claims.get("name", "")))

    async def _published(self) -> dict[str, Any]:
        if not self._about:
            url = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            found: dict[str, Any] = await self.web.read(url)
            if not _is_of(str(found.get("issuer")), self.provider.issuer):
                raise sign_in_failed("The provider says it is another one.")
            self._about = found
        return self._about

    def _check(self, claims: Mapping[str, Any], issuer: str, nonce: str) -> None:
        """OpenID Connect Core 1.0, 3.1.3.7."""
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        ends = claims.get("exp")
        good = (
            claims.get("iss") == issuer
            and self.provider.client_id in audiences
            and (len(audiences) == 1 or claims.get("azp") == self.provider.client_id)
            and isinstance(ends, int | float)
            and ends > self.now().timestamp() - LEEWAY_SECONDS
            and secrets.compare_digest(str(claims.get("nonce")).encode(), nonce.encode())
            and bool(claims.get("sub"))
        )
        if not good:
            raise _not_for_us()


def _is_of(published: str, configured: str) -> bool:
    """Whether a provider says of itself what the operator says of it; a tenant of Microsoft's may be any or all."""
    form = re.escape(published).replace(re.escape(ANY_TENANT), "[^/]+")
    return re.fullmatch(form, configured) is not None


def _of_tenant(issuer: str, claims: Mapping[str, Any]) -> str:
    """An issuer with the tenant that the claims name."""
    if ANY_TENANT not in issuer:
        return issuer
    tenant = str(claims.get("tid"))
    if not TENANT.fullmatch(tenant):
        raise _not_for_us()
    return issuer.replace(ANY_TENANT, tenant)


def _check_key(keys: Mapping[str, Any], key_id: object, claims: Mapping[str, Any]) -> None:
    """A key that says whose it is signs for nobody else."""
    for key in keys["keys"]:
        if (
            key.get("kid") == key_id
            and "issuer" in key
            and _of_tenant(key["issuer"], claims) != claims["iss"]
        ):
            raise _not_for_us()


def _not_for_us() -> CallError:
    return sign_in_failed("What the provider confirmed is not for this sign-in.")
