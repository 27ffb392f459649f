"""Headers in which somebody outside says who it is, as only workloads of the mesh may."""

from dataclasses import dataclass, replace

from mesh.signature import SIGNATURE_KEY, Signer

Pairs = tuple[tuple[str, str], ...]
_JUNK = "v1 1800000000 " + "A" * 43


@dataclass(frozen=True)
class Spoofing:
    """Makes the headers.

    Args:
        victim_id: the account to pass for.
        signer: that of the mesh, for signatures that were good for something else or at another time.
        path: the gRPC path that is called.
    """

    victim_id: str
    signer: Signer
    path: str

    def headers(self) -> dict[str, Pairs]:
        """Each set by what it pretends."""
        person = {"mootion-principal": self.victim_id, "mootion-role": "ADMIN"}
        worker = {"mootion-caller": "render-worker"}
        claims = {"mootion-caller": "edge", **person}
        return {
            "a principal": _pairs(person),
            "a principal alone": _pairs({"mootion-principal": self.victim_id}),
            "a role alone": _pairs({"mootion-role": "ADMIN"}),
            "a workload": _pairs(worker),
            "the edge": _pairs(claims),
            "an empty signature": _pairs({**claims, SIGNATURE_KEY: ""}),
            "a made up signature": _pairs({**claims, SIGNATURE_KEY: _JUNK}),
            "a signature alone": _pairs({SIGNATURE_KEY: _JUNK}),
            "a signature of another key": self._signed(claims, replace(self.signer, key=b"x" * 32)),
            "an old signature": self._signed(
                claims, replace(self.signer, now=lambda: self.signer.now() - 61)
            ),
            "a signature of later": self._signed(
                claims, replace(self.signer, now=lambda: self.signer.now() + 120)
            ),
            "the signature of another method": self._signed(claims, self.signer, f"{self.path}s"),
            "the signature of another principal": self._changed(claims, "mootion-principal", "another"),
            "the signature of another role": self._changed(claims, "mootion-role", "STUDENT"),
            "the signature of another workload": self._changed(claims, "mootion-caller", "quiz"),
            "two principals": (*_pairs(person), ("mootion-principal", "another")),
            "two signatures": (*_pairs({**claims, SIGNATURE_KEY: _JUNK}), (SIGNATURE_KEY, _JUNK)),
        }

    def _signed(self, claims: dict[str, str], signer: Signer, path: str = "") -> Pairs:
        return _pairs({**claims, SIGNATURE_KEY: signer.sign(path or self.path, claims)})

    def _changed(self, claims: dict[str, str], name: str, signed_as: str) -> Pairs:
        """What was signed for something else, with one of its claims changed after."""
        return _pairs({**claims, SIGNATURE_KEY: self.signer.sign(self.path, {**claims, name: signed_as})})


def _pairs(headers: dict[str, str]) -> Pairs:
    return tuple(headers.items())
