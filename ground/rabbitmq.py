"""RabbitMQ from Debian."""

import json
import os
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from ground.debian import require
from ground.epmd import Epmd
from ground.server import Server, ServerMissing

USER = "mootion"
VHOST = "mootion"
CONSUMER_TIMEOUT_HOURS = 6
_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class RabbitMQ(Server):
    """One node with a user and a virtual host of its own; its management API answers on another loopback port."""

    name = "rabbitmq"
    start_seconds = 120.0

    def __init__(self, folder: Path, *, tethered: bool = False) -> None:
        super().__init__(folder, tethered=tethered)
        self.management_port = self.kept.port("rabbitmq management")
        self.distribution_port = self.kept.port("rabbitmq distribution")
        self.epmd = Epmd(folder, tethered=tethered)

    @property
    def url(self) -> str:
        """`amqp://` URL of the virtual host `mootion`."""
        return self.url_of(VHOST)

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Server.variables`."""
        return {"AMQP_URL": self.url}

    def url_of(self, vhost: str) -> str:
        """URL of a virtual host."""
        return f"amqp://{USER}:{self.kept.password()}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def create_vhost(self, name: str) -> str:
        """Makes an empty virtual host and returns its URL."""
        self.ask("PUT", f"vhosts/{quote(name, safe='')}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.ask("PUT", f"permissions/{quote(name, safe='')}/{USER}", everything)
        return self.url_of(name)

    def drop_vhost(self, name: str) -> None:
        """Removes a virtual host with its queues and connections."""
        self.ask("DELETE", f"vhosts/{quote(name, safe='')}")

    def ask(self, method: str, path: str, body: object = None) -> object:
        """Calls the management API, such as `ask("GET", "queues/mootion")`.

        Raises:
            urllib.error.URLError: it refused or does not answer.
        """
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.management_port}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": self._authorization, "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            content = reply.read()
        return json.loads(content) if content else None

    def install(self) -> None:
        """See `Server.install`."""
        require("rabbitmq-server")
        if not _SCRIPT.exists():
            raise ServerMissing(
                f"rabbitmq-server: {_SCRIPT} is missing; install Debian's package rabbitmq-server"
            )

    def prepare(self) -> None:
        """Writes the configuration."""
        settings = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "default_user": USER,
            "default_pass": self.kept.password(),
            "default_vhost": VHOST,
            "default_user_tags.administrator": "true",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": str(self.management_port),
            "consumer_timeout": str(CONSUMER_TIMEOUT_HOURS * 3_600_000),
            "vm_memory_high_watermark.absolute": "512MB",
            "disk_free_limit.absolute": "200MB",
            "log.console": "true",
            "log.console.level": "info",
            "log.file": "false",
        }
        path = self.home / "rabbitmq.conf"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (self.home / "enabled_plugins").write_text("[rabbitmq_management].\n")

    def environment(self) -> Mapping[str, str]:
        """See `Server.environment`."""
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        few_threads = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
        return {
            **os.environ,
            "HOME": str(self.home),
            "ERL_EPMD_PORT": str(self.epmd.port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Becomes the Erlang process itself instead of staying as a shell before it.
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-noinput {loopback} {few_threads}",
            "RABBITMQ_NODENAME": f"mootion-{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "logs"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "no-rabbitmq-env.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.home / "no-advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.home / "generated"),
        }

    def launch(self) -> None:
        """Starts its name server first."""
        self.epmd.start()
        super().launch()

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [str(_SCRIPT)]

    def stop(self) -> None:
        """Ends the node, then its name server."""
        super().stop()
        self.epmd.stop()

    def answers(self) -> bool:
        """Whether the node takes a connection to its virtual host (and declares, publishes and reads on it)."""
        try:
            found = self.ask("GET", f"aliveness-test/{VHOST}")
        except OSError:
            return False
        return found == {"status": "ok"}

    @property
    def _authorization(self) -> str:
        return "Basic " + b64encode(f"{USER}:{self.kept.password()}".encode()).decode()
