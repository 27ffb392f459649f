"""Erlang's name server, which RabbitMQ registers with; one of its own for each ground."""

import os
import socket
from collections.abc import Mapping, Sequence

from ground.debian import require
from ground.server import Server


class Epmd(Server):
    """Listens on loopback only."""

    name = "epmd"

    @property
    def url(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self.port}"

    def install(self) -> None:
        """See `Server.install`."""
        require("rabbitmq-server")

    def environment(self) -> Mapping[str, str]:
        """See `Server.environment`."""
        return {**os.environ, "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self.port)}

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [require("epmd")]

    def answers(self) -> bool:
        """Whether it lists names (request 110 of the distribution protocol)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"\x00\x01n")
                return len(connection.recv(4)) == 4
        except OSError:
            return False
