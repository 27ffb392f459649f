"""Codes of an authenticator app (TOTP, RFC 6238) and recovery codes."""

import hashlib
import hmac
import secrets

import pyotp

STEP_SECONDS = 30
DRIFT_STEPS = 1
RECOVERY_CODES = 10
CODE_LETTERS = 24
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32()


def address(secret: str, username: str) -> str:
    """The `otpauth:` address that apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Mootion")


def matching_step(secret: str, code: str, now: float, used_step: int) -> int | None:
    """The time step whose code this is, one step early or late allowed; None where it is none, or one used before.

    Args:
        now: seconds since 1970.
        used_step: the step of the last code that was accepted; no code is good twice (RFC 6238, 5.2).
    """
    generator, current = pyotp.TOTP(secret), int(now) // STEP_SECONDS
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        expected = generator.at(step * STEP_SECONDS)
        if step > used_step and hmac.compare_digest(expected.encode(), code.strip().encode()):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Ten codes of 118 bits, such as `k3mw-9xhq-t27c-p4vd-zb6n-83yu`, without letters that are read for one another.

    So many bits that a plain hash of a code cannot be guessed from (OWASP ASVS 5.0, 6.5.2).
    """
    codes = ("".join(secrets.choice(_ALPHABET) for _ in range(CODE_LETTERS)) for _ in range(RECOVERY_CODES))
    return [_grouped(code) for code in codes]


def recovery_hash(account_id: str, code: str) -> str:
    """What is kept of a recovery code; its letters may be typed in either case, with or without dashes."""
    plain = code.strip().casefold().replace("-", "").replace(" ", "")
    return hashlib.sha256(f"{account_id}:{plain}".encode()).hexdigest()


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
