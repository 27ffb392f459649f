"""Proof S1 at the verifier: what is not exactly one of our tokens is no token."""

import pytest
from joserfc.jwk import ECKey
from mootion.policy.v1 import policy_pb2

from mesh.access_token import Claims, TokenRefused, TokenVerifier
from proofs.attacks.forged_tokens import Forger

NOW = 1_800_000_000.0
OURS = ECKey.generate_key("P-256", {"kid": "k1"})
FORGER = Forger(OURS, NOW)
FORGED = FORGER.forged()


class Keys:
    async def find(self, kid: str) -> ECKey | None:
        return {"k1": OURS}.get(kid)


async def nothing_is_revoked(session_id: str) -> bool:
    return session_id == "ended"


def verifier() -> TokenVerifier:
    return TokenVerifier(Keys(), nothing_is_revoked, lambda: NOW)


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
async def test_it_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier().verify(token)
    assert not token or token[:20] not in str(refused.value)


async def test_a_good_token_says_who_calls() -> None:
    found = await verifier().verify(FORGER.signed())
    assert found == Claims("acc", policy_pb2.ACCESS_ROLE_STUDENT, "ses", NOW + 600)


async def test_a_remembered_token_ends_all_the_same() -> None:
    now = NOW
    checks = TokenVerifier(Keys(), nothing_is_revoked, lambda: now)
    token = FORGER.signed()
    await checks.verify(token)
    now = NOW + 601
    with pytest.raises(TokenRefused):
        await checks.verify(token)


async def test_a_remembered_token_of_a_session_that_was_ended_is_refused() -> None:
    ended: set[str] = set()

    async def is_revoked(session_id: str) -> bool:
        return session_id in ended

    checks = TokenVerifier(Keys(), is_revoked, lambda: NOW)
    token = FORGER.signed()
    await checks.verify(token)
    ended.add("ses")
    with pytest.raises(TokenRefused):
        await checks.verify(token)
