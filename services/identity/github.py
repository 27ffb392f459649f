"""Who signed in, by GitHub, which knows OAuth 2.0 but gives no ID tokens: the person is asked for with the token."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.httpx_client import AsyncOAuth2Client

from mesh.config import SignInProvider
from services.identity.sign_in import Begun, Person, Web

HOST = "github.com"


@dataclass(frozen=True)
class GitHub:
    """github.com; servers of GitHub Enterprise have other addresses, and are no provider here."""

    provider: SignInProvider
    web: Web
    scope: str = "read:user user:email"

    async def authorization_endpoint(self) -> str:
        """See `SignIn`."""
        return f"https://{HOST}/login/oauth/authorize"

    async def person(self, client: AsyncOAuth2Client, begun: Begun, code: str) -> Person:
        """See `SignIn`. The subject is the number of the account: names there are given up and taken by others."""
        token = await client.fetch_token(
            f"https://{HOST}/login/oauth/access_token", code=code, code_verifier=begun["verifier"]
        )
        headers = {
            "authorization": f"Bearer {token['access_token']}",
            "accept": "application/vnd.github+json",
        }
        user = await self.web.read(f"https://api.{HOST}/user", headers)
        emails = await self.web.read(f"https://api.{HOST}/user/emails", headers)
        return Person(str(int(user["id"])), _address(emails), str(user.get("name") or user["login"]))


def is_github(issuer: str) -> bool:
    """Whether an issuer that an operator set is GitHub."""
    return urlsplit(issuer).hostname == HOST


def _address(emails: list[dict[str, Any]]) -> str:
    """The main address, where it was verified."""
    return next((each["email"] for each in emails if each["primary"] and each["verified"]), "")
