"""Tokens that say nothing: 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import secrets


def new(prefix: str) -> str:
    """A token such as `mr_k5…`; the prefix tells what it is, and lets scanners find leaked ones."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def kept(token: str) -> str:
    """What is kept of a token: without salt, since 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
