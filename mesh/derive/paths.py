"""Paths as google.api.http writes them: `/v1/documents/{document_id}/flowchart:path`."""

import re
from dataclasses import dataclass
from functools import cached_property

_TOKEN = re.compile(r"\{(?P<name>[^}=]+)(?:=(?P<pattern>[^}]+))?\}|(?P<text>[^{}]+)")
_ONE, _MANY = "*", "**"


class PathError(ValueError):
    """A path is not written as google.api.http demands."""


@dataclass(frozen=True)
class PathTemplate:
    """A parsed path. `segments` holds literals, `*` for one variable segment and `**` for any number of them."""

    text: str
    segments: tuple[str, ...]
    verb: str
    variables: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "PathTemplate":
        """Reads a path.

        Raises:
            PathError: the path does not begin with a slash, or its braces do not match.
        """
        plain, variables = _expand(text)
        if not plain.startswith("/"):
            raise PathError(f"`{text}` does not begin with a slash")
        *before, last = plain[1:].split("/")
        last, _, verb = last.partition(":")
        return cls(text, (*before, last), verb, variables)

    @cached_property
    def regex(self) -> str:
        """An RE2 expression that matches the whole path without its query."""
        patterns = {_ONE: "[^/]+", _MANY: ".+"}
        path = "".join("/" + patterns.get(segment, re.escape(segment)) for segment in self.segments)
        return path + (f":{re.escape(self.verb)}" if self.verb else "")

    @property
    def is_plain(self) -> bool:
        """Whether it has no variables, so that one path alone fits."""
        return not self.variables and not {_ONE, _MANY} & set(self.segments)

    @property
    def beginning(self) -> str:
        """What every path that fits begins with, as far as the first variable."""
        return self.text.partition("{")[0]

    @property
    def specificity(self) -> tuple[bool, tuple[int, ...], str]:
        """Sorts the more specific of two overlapping paths first."""
        wildness = tuple({_ONE: 1, _MANY: 2}.get(segment, 0) for segment in self.segments)
        return (not self.verb, wildness, self.text)

    def overlaps(self, other: "PathTemplate") -> bool:
        """Whether some request path fits both."""
        return self.verb == other.verb and _meet(self.segments, other.segments)


def well_formed_path() -> str:
    """An RE2 expression for a path and query whose percent-encoding decodes to UTF-8, by the table of RFC 3629."""
    tail, digit = "%[89aAbB][0-9a-fA-F]", "[0-9a-fA-F]"
    one = f"%[0-7]{digit}"
    two = f"%(?:[cC][2-9a-fA-F]|[dD]{digit}){tail}"
    three = f"%[eE]0%[aAbB]{digit}{tail}|%[eE][1-9a-cA-CeEfF](?:{tail}){{2}}|%[eE][dD]%[89]{digit}{tail}"
    four = f"%[fF]0%[9aAbB]{digit}(?:{tail}){{2}}|%[fF][1-3](?:{tail}){{3}}|%[fF]4%8{digit}(?:{tail}){{2}}"
    return f"(?:[^%]|{one}|{two}|{three}|{four})*"


def _expand(text: str) -> tuple[str, tuple[str, ...]]:
    """The path with each `{name=pattern}` replaced by its pattern, and the names."""
    plain, variables, position = "", [], 0
    for token in _TOKEN.finditer(text):
        if token.start() != position:
            break
        position = token.end()
        if token["name"]:
            variables.append(token["name"])
        plain += token["text"] or token["pattern"] or _ONE
    if position != len(text):
        raise PathError(f"`{text}` has braces that do not match")
    return plain, tuple(variables)


def _meet(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    if _MANY in left[:1] or _MANY in right[:1]:
        return True
    if not left or not right:
        return not left and not right
    same = left[0] == right[0] or _ONE in (left[0], right[0])
    return same and _meet(left[1:], right[1:])
