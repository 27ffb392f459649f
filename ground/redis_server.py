"""Redis from Debian."""

import shutil
from collections.abc import Mapping, Sequence

import redis

from ground.debian import require
from ground.server import Server

DATABASES = 1024


class RedisServer(Server):
    """One Redis with a password and an append-only file, written at each change and synced every second."""

    name = "redis"

    @property
    def url(self) -> str:
        """`redis://` URL of database 0."""
        return self.url_of(0)

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Server.variables`."""
        return {"REDIS_URL": self.url}

    def url_of(self, database: int) -> str:
        """URL of one of the 1,024 numbered databases."""
        return f"redis://:{self.kept.password()}@127.0.0.1:{self.port}/{database}"

    def install(self) -> None:
        """See `Server.install`."""
        require("redis-server")

    def prepare(self) -> None:
        """Writes the configuration."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.kept.password(),
            "databases": str(DATABASES),
            "dir": f'"{self.home}"',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",
        }
        path = self.home / "redis.conf"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [shutil.which("redis-server") or "redis-server", str(self.home / "redis.conf")]

    def answers(self) -> bool:
        """Whether it answers PING."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
