"""Requests that are small to send and would like to be large to take: deep, wide, long, packed."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass

from proofs.callers.flood import Call

MEBIBYTE = 1_048_576
JSON_PATHS = ("/v1/answers:ask", "/v1/quizzes:generate", "/v1/videos")
READ_PATH = "/v1/documents"
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Attack:
    """A kind of request, some of which are sent at once; each must end with one of the statuses."""

    name: str
    calls: tuple[Call, ...]
    statuses: frozenset[int]

    @property
    def sent_bytes(self) -> int:
        """What all calls weigh together, headers and all."""
        return sum(_weight(call) for call in self.calls)


def attacks(at_once: int) -> Iterator[Attack]:
    """Every kind, `at_once` requests each."""
    for name, body, statuses in (*_deep(), *_wide(), *_large()):
        calls = [Call("POST", path, _JSON, body) for path in JSON_PATHS]
        yield Attack(name, _repeated(calls, at_once), frozenset(statuses))
    for name, call, statuses in (*_metadata(), *_packed()):
        yield Attack(name, _repeated([call], at_once), frozenset(statuses))


def _repeated(calls: list[Call], count: int) -> tuple[Call, ...]:
    return tuple(calls[number % len(calls)] for number in range(count))


def _deep() -> Iterator[tuple[str, bytes, set[int]]]:
    for depth in (200, 5_000, 100_000):
        yield f"lists in lists, {depth}", b'{"question":' + b"[" * depth + b"]" * depth + b"}", {400}
        yield f"objects in objects, {depth}", b'{"question":' * depth + b"1" + b"}" * depth, {400, 413}
    yield "lists that are never closed", b'{"question":' + b"[" * 900_000, {400}
    yield "strings that are never closed", b'{"question":"' + b"a" * 900_000, {400}


def _wide() -> Iterator[tuple[str, bytes, set[int]]]:
    yield "a list of many", b'{"documentIds":[' + b'"a",' * 250_000 + b'"a"]}', {400}
    yield "a list of many empty objects", b'{"kinds":[' + b"{}," * 300_000 + b"{}]}", {400}
    yield "many unknown fields", b'{"x":' + b'1,"y":' * 150_000 + b"1}", {400}
    yield "a list of nothing", b'{"documentIds":[' + b"," * 900_000 + b"]}", {400}
    yield "escapes", b'{"question":"' + rb"\u0000" * 150_000 + b'"}', {400}


def _large() -> Iterator[tuple[str, bytes, set[int]]]:
    yield "a long string", b'{"question":"' + b"a" * 900_000 + b'","topic":5,"documentId":5}', {400}
    yield "a long number", b'{"question":' + b"9" * 900_000 + b"}", {400}
    yield "blanks", b'{"question":5' + b" " * 900_000 + b"}", {400}
    yield "a byte too many", b'{"question":"' + b"a" * (MEBIBYTE - 14) + b'"}', {413}
    yield "eight times too large", b'{"question":"' + b"a" * 8 * MEBIBYTE + b'"}', {413}


def _metadata() -> Iterator[tuple[str, Call, set[int]]]:
    yield "a header of 60 KiB", Call("GET", READ_PATH, {"x-large": "a" * 60_000}), {431}
    yield "a cookie of 40 KiB", Call("GET", READ_PATH, {"cookie": "a=" + "b" * 40_000}), {431}
    yield "a token of 40 KiB", Call("GET", READ_PATH, {"authorization": "Bearer " + "b" * 40_000}), {431}
    yield "a token of 20 KiB", Call("GET", READ_PATH, {"authorization": "Bearer " + "b" * 20_000}), {401}
    yield "500 headers", Call("GET", READ_PATH, {f"x-{number}": "a" for number in range(500)}), {431}
    yield "a path of 40 KiB", Call("GET", READ_PATH + "/" + "a" * 40_000, {}), {431}
    yield "a query of 20 KiB", Call("GET", f"{READ_PATH}?page_token={'a' * 20_000}", {}), {400}
    yield "a deep field in the query", Call("GET", f"{READ_PATH}?{'a.' * 4_000}b=1", {}), {400}


def _packed() -> Iterator[tuple[str, Call, set[int]]]:
    bomb = gzip.compress(b'{"question":"' + b"a" * 64 * MEBIBYTE + b'"}', mtime=0)
    packed = {**_JSON, "content-encoding": "gzip"}
    yield "a gzip bomb", Call("POST", JSON_PATHS[0], packed, bomb), {415}
    twice = gzip.compress(bomb, mtime=0)
    yield "a gzip bomb in another", Call("POST", JSON_PATHS[0], packed, twice), {415}
    yield "a bomb as JSON", Call("POST", JSON_PATHS[0], _JSON, bomb), {400}
    prefix = b"\x01" + len(bomb).to_bytes(4, "big")
    framed = {"content-type": "application/grpc-web+proto", "grpc-encoding": "gzip"}
    # gRPC-web tells its status in headers, with 200 of HTTP.
    yield (
        "a bomb in gRPC-web",
        Call("POST", "/mootion.answer.v1.AnswerService/Ask", framed, prefix + bomb),
        {200},
    )


def _weight(call: Call) -> int:
    headers = sum(len(name) + len(value) + 4 for name, value in call.headers.items())
    return len(call.path) + headers + len(call.body)
