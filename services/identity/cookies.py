"""Tokens as cookies that scripts cannot read (RFC 6265bis, prefix `__Host-`)."""

from collections.abc import Sequence

import grpc
from mootion.identity.v1 import account_pb2

from mesh.access_token import LIFETIME_SECONDS
from mesh.callers import cross_site, is_our_page
from services.identity.sessions import REFRESH_SECONDS

ACCESS, REFRESH = "__Host-mootion-access", "__Host-mootion-refresh"
_RULES = "Path=/; Secure; HttpOnly; SameSite=Strict"

Context = grpc.aio.ServicerContext[object, object]


def check_site(context: Context, *, as_cookies: bool) -> None:
    """Refuses to sign a browser in because another site's page asked: its owner would go on in another's account.

    Raises:
        CallError: CROSS_SITE_CALL.
    """
    if as_cookies and is_our_page(dict(context.invocation_metadata() or ())) is False:
        raise cross_site("A page of another site asked for cookies.")


async def hand_over(context: Context, tokens: account_pb2.Tokens, *, as_cookies: bool) -> account_pb2.Tokens:
    """What the reply says of the tokens: with `as_cookies`, which puts them into headers, only when they end."""
    if not as_cookies:
        return tokens
    await _send(
        context,
        [
            _cookie(ACCESS, tokens.access_token, LIFETIME_SECONDS),
            _cookie(REFRESH, tokens.refresh_token, REFRESH_SECONDS),
        ],
    )
    told = account_pb2.Tokens()
    told.access_expire_time.CopyFrom(tokens.access_expire_time)
    told.refresh_expire_time.CopyFrom(tokens.refresh_expire_time)
    return told


async def take_back(context: Context) -> None:
    """Tells the browser to forget both."""
    await _send(context, [_cookie(ACCESS, "", 0), _cookie(REFRESH, "", 0)])


def refresh_token_of(context: Context) -> str:
    """The refresh token in the cookies of the call, or an empty string."""
    for key, value in context.invocation_metadata() or ():
        if key == "cookie":
            text = value if isinstance(value, str) else value.decode("latin-1")
            for pair in text.split(";"):
                name, _, content = pair.strip().partition("=")
                if name == REFRESH:
                    return content
    return ""


async def _send(context: Context, cookies: Sequence[str]) -> None:
    await context.send_initial_metadata(tuple(("set-cookie", cookie) for cookie in cookies))


def _cookie(name: str, value: str, seconds: int) -> str:
    return f"{name}={value}; Max-Age={seconds}; {_RULES}"
