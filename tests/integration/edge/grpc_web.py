"""gRPC-web as a browser speaks it: frames, headers and base64, without a library that hides them."""

import base64
import struct

from tests.integration.edge.edge_running import Reply, Running


def call(edge: Running, path: str, message: bytes, *, text: bool = False, token: str = "") -> Reply:
    """One call with its whole reply; `text` by the variant in base64."""
    body = frame(message)
    shown = {"authorization": f"Bearer {token}"} if token else {}
    return edge.call("POST", path, base64.b64encode(body) if text else body, headers(text=text) | shown)


def headers(*, text: bool) -> dict[str, str]:
    """What a browser's library sends."""
    kind = "application/grpc-web-text" if text else "application/grpc-web+proto"
    return {"content-type": kind, "accept": kind, "x-grpc-web": "1"}


def frame(message: bytes) -> bytes:
    """A message as it is sent."""
    return struct.pack(">BI", 0, len(message)) + message


def frames(body: bytes) -> list[tuple[int, bytes]]:
    """Flag and content of each frame of a reply."""
    found = []
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        found.append((flag, body[5 : 5 + length]))
        body = body[5 + length :]
    return found


def decoded(text: bytes) -> bytes:
    """Base64 in one or several padded pieces, or without padding at the end."""
    pieces = [piece for piece in text.replace(b"=", b"= ").split() if piece.strip(b"=")]
    return b"".join(
        base64.b64decode(piece.rstrip(b"=") + b"=" * (-len(piece.rstrip(b"=")) % 4)) for piece in pieces
    )
