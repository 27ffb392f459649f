"""Captions: the narration in readable pieces, timed by its words, and written as WebVTT."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workers.render.scripts import columns
from workers.render.voice import Utterance

LINE_LENGTH = 42
"""Letters of a caption's line, as broadcasters have it; wide letters count twice."""

MOST_LINES = 2
_TOKEN = re.compile(r"\S+\s*")
_CLAUSE_END = re.compile(r"[,;:.!?…—–)\]،؛。，、；：]$")
_OPENERS = frozenset(
    ["and", "but", "or", "because", "which", "that", "so", "while", "when", "where", "if", "than", "although",
     "since", "to", "of", "in", "for", "with", "by"]
)  # fmt: skip


@dataclass(frozen=True)
class Cue:
    """A caption: the seconds from the beginning of its scene, and one or two lines of text."""

    start: float
    end: float
    text: str


def cues_of(utterance: Utterance, start: float) -> list[Cue]:
    """Captions of one sentence that is said from `start` on; together they last as long as it does."""
    pieces = split(utterance.text)
    if not pieces or not len(utterance.samples):
        return []
    edges = [start + _said_at(utterance, place) for place, _ in pieces]
    edges[0] = start
    ends = [*edges[1:], start + utterance.duration]
    return [
        Cue(begin, end, wrapped(text))
        for begin, end, (_, text) in zip(edges, ends, pieces, strict=True)
        if end > begin
    ]


def _said_at(utterance: Utterance, place: int) -> float:
    """When the word at `place` is said; in proportion to the text where the voice gave no words."""
    for word in utterance.words:
        if word.last > place:
            return word.start
    return utterance.duration * place / max(1, len(utterance.text))


def split(text: str) -> list[tuple[int, str]]:
    """Cuts a sentence into pieces that fit a caption, best after punctuation or before a joining word; gives each
    with its place in the text."""
    tokens = [(match.start(), match.group()) for match in _tokens(text)]
    if not tokens:
        return []
    pieces: list[tuple[int, str]] = []
    while tokens:
        count = _fitting(tokens)
        if count < len(tokens):
            count = _best_cut(tokens, count)
        pieces.append((tokens[0][0], "".join(token for _, token in tokens[:count]).strip()))
        tokens = tokens[count:]
    return pieces


def _tokens(text: str) -> list[re.Match[str]]:
    """Words with the space after them; letters where a script has no spaces."""
    found: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text):
        if columns(match.group()) <= LINE_LENGTH // 2:
            found.append(match)
        else:
            found += list(re.compile(r".\s*", re.DOTALL).finditer(text, match.start(), match.end()))
    return found


def _fitting(tokens: Sequence[tuple[int, str]]) -> int:
    """How many tokens fit one caption."""
    count = 1
    while count < len(tokens) and _fits("".join(token for _, token in tokens[: count + 1])):
        count += 1
    return count


def _fits(text: str) -> bool:
    return len(_lines(text)) <= MOST_LINES


def _best_cut(tokens: Sequence[tuple[int, str]], most: int) -> int:
    """Where to cut among the first `most` tokens, at least a third of them long."""

    def merit(count: int) -> float:
        last, following = tokens[count - 1][1].strip(), tokens[count][1].strip().casefold()
        clause = 1.0 if _CLAUSE_END.search(last) else 0.6 if following in _OPENERS else 0.0
        lonely = 0.8 if len(tokens) - count == 1 else 0.0
        return clause + 0.9 * count / most - lonely

    return max(range(max(1, most // 3), most + 1), key=merit)


def _lines(text: str) -> list[str]:
    lines = [""]
    for match in _tokens(text):
        if columns((lines[-1] + match.group()).rstrip()) > LINE_LENGTH and lines[-1]:
            lines.append("")
        lines[-1] += match.group()
    return [line.strip() for line in lines]


def wrapped(text: str) -> str:
    """A caption's text in lines of about equal length."""
    lines = _lines(text)
    if len(lines) != MOST_LINES:
        return "\n".join(lines)
    tokens = [match.group() for match in _tokens(text)]
    options = [
        ("".join(tokens[:count]).strip(), "".join(tokens[count:]).strip()) for count in range(1, len(tokens))
    ]
    fitting = [option for option in options if max(columns(option[0]), columns(option[1])) <= LINE_LENGTH]
    best = min(
        fitting or [(lines[0], lines[1])], key=lambda option: abs(columns(option[0]) - columns(option[1]))
    )
    return "\n".join(best)


def web_vtt(cues: Sequence[Cue]) -> str:
    """The captions as a WebVTT file. A cue's text never ends the cue: its marks are escaped."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_stamp(cue.start)} --> {_stamp(cue.end)}\n{text}\n")
    return "\n".join(blocks)


def _stamp(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    hours, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, fraction = divmod(rest, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}.{fraction:03d}"
