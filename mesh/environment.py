"""The environment as variables are read from it: every problem is collected, and what is secret is shown by nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from mesh import addresses

_ADDRESS_VARIABLE = re.compile(r"MOOTION_([A-Z][A-Z0-9_]*)_ADDRESS")
_PROVIDER_VARIABLE = re.compile(r"MOOTION_OIDC_([A-Z][A-Z0-9]*)_ISSUER")
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_SWITCH = ("on", "off")

T = TypeVar("T")


class ConfigurationError(Exception):
    """The process cannot start as it is configured; `problems` says everything that is wrong, not only the first."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The configuration is wrong:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Secret:
    """A value that no log, message or repr shows."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself, to hand to the library that needs it."""
        return self._value

    def __str__(self) -> str:
        return "<secret>"


@dataclass(frozen=True)
class SignInProvider:
    """A provider of sign-ins, by OpenID Connect or as GitHub does it, and what it knows this installation as."""

    name: str
    issuer: str
    client_id: str
    client_secret: Secret


class Environment:
    """Reads variables one by one. One that is wrong adds to `problems` and reads as its default; one that is set to
    nothing counts as missing."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = {name: value for name, value in variables.items() if value}
        self.problems: list[str] = []

    def given(self, name: str) -> str | None:
        """What a variable says, whatever that is; None where it is missing."""
        return self._variables.get(name)

    def text(self, name: str, default: str) -> str:
        """See `given`."""
        return self._variables.get(name, default)

    def number(self, name: str, default: T, parse: Callable[[str], T], low: float, high: float) -> T:
        """A number within its bounds, both included."""
        value = self._variables.get(name)
        if value is None:
            return default
        try:
            parsed = parse(value)
        except ValueError:
            parsed = None
        if parsed is None or not low <= parsed <= high:  # type: ignore[operator]
            self.problems.append(f"{name}={value!r}: give a number from {low:g} to {high:g}")
            return default
        return parsed

    def port(self, name: str, default: int, low: int = 1) -> int:
        """A TCP port."""
        return self.number(name, default, int, low, 65535)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words, in lower case."""
        value = self._variables.get(name, default).lower()
        if value not in choices:
            self.problems.append(f"{name}={value!r}: give one of {', '.join(choices)}")
            return default
        return value

    def switch(self, name: str, default: str) -> bool:
        """Whether it is `on`."""
        return self.choice(name, default, _SWITCH) == "on"

    def url(self, name: str, *schemes: str) -> str | None:
        """A URL of one of the schemes."""
        value = self._variables.get(name)
        if value is None:
            return None
        # What stands in a URL may be a password: it is never repeated.
        if urlsplit(value).scheme.partition("+")[0] not in schemes:
            self.problems.append(f"{name}: the URL must start with {' or '.join(s + '://' for s in schemes)}")
        return value

    def path(self, name: str) -> Path | None:
        """A file or a folder."""
        value = self._variables.get(name)
        return Path(value) if value else None

    def secret(self, name: str) -> Secret | None:
        """What nobody may see."""
        value = self._variables.get(name)
        return Secret(value) if value else None

    def list(self, name: str) -> list[str]:
        """The parts between commas."""
        return [part.strip() for part in self._variables.get(name, "").split(",") if part.strip()]

    def origins(self, name: str) -> tuple[str, ...]:
        """Origins of web pages."""
        found = self.list(name)
        for origin in found:
            if not _ORIGIN.fullmatch(origin):
                self.problems.append(
                    f"{name}: {origin!r} is no origin; give such as https://learn.example.org"
                )
        return tuple(found)

    def providers(self) -> dict[str, SignInProvider]:
        """Every provider that MOOTION_OIDC_<NAME>_ISSUER names, by its name in lower case."""
        found = {}
        for variable in sorted(self._variables):
            match = _PROVIDER_VARIABLE.fullmatch(variable)
            if match:
                name = match[1].lower()
                found[name] = self._provider(name, f"MOOTION_OIDC_{match[1]}")
        return found

    def _provider(self, name: str, prefix: str) -> SignInProvider:
        issuer = self._variables[f"{prefix}_ISSUER"]
        parts = urlsplit(issuer)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
            self.problems.append(f"{prefix}_ISSUER: the URL must start with https://")
        client_id, secret = (
            self._variables.get(f"{prefix}_CLIENT_ID"),
            self._variables.get(f"{prefix}_CLIENT_SECRET"),
        )
        if not client_id or not secret:
            self.problems.append(f"{prefix}_ISSUER: set {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET too")
        return SignInProvider(name, issuer, client_id or "", Secret(secret or ""))

    def addresses(self) -> dict[str, str]:
        """What every MOOTION_<SERVICE>_ADDRESS says, by the name of the service."""
        found = {}
        for name, value in sorted(self._variables.items()):
            match = _ADDRESS_VARIABLE.fullmatch(name)
            if match:
                found[match[1].lower().replace("_", "-")] = value
                self._check_address(name, value)
        return found

    def _check_address(self, name: str, value: str) -> None:
        problem = addresses.problem_of(value)
        if problem:
            self.problems.append(f"{name}={value!r}: {problem}")
