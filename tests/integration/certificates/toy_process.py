"""The toy service as a process of its own, with an HTTP application beside: `python -m ...toy_process`.

gRPC reads its ciphers when it is first imported, so that a server of TLS 1.3 alone cannot be made in a running test.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "gen"))

from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.config import ConfigurationError, Settings
from mesh.runtime import Runtime, open_runtime
from mesh.server import serve
from mesh.service import Parts, Servicer
from tests.contract.runtime.toy import SERVICE, Toy


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """An HTTP application that greets whoever is let in."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def build(runtime: Runtime) -> Parts:
    """The toy service and the application."""
    servicer = Servicer(Toy(runtime), rpc.add_ToyServiceServicer_to_server, SERVICE)
    return Parts("toy", [servicer], http=answer)


async def main() -> None:
    """Serves until it is killed."""
    settings = Settings.from_environment(os.environ)
    async with open_runtime(settings, "toy") as runtime:
        await serve(runtime, [build(runtime)], until=asyncio.Event(), partial=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ConfigurationError as error:
        sys.exit(str(error))
