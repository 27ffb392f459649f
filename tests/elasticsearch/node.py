"""One Elasticsearch node on loopback, for tests: a server of the ground like the others, but nothing installs it."""

import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from ground.server import Server
from tests.elasticsearch.assembling import assembled, jdk

LOGGING = Path(__file__).parent / "log4j2.properties"
HEAP_MB = 512


class Elasticsearch(Server):
    """Assembled by Maven from published jars at its first start on a machine."""

    name = "elasticsearch"
    start_seconds = 240.0
    # The first of two compilers alone: the node starts with half the work, and answers more slowly later.
    java_options: ClassVar[Sequence[str]] = ("-XX:TieredStopAtLevel=1",)

    @property
    def url(self) -> str:
        """Where it answers HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Server.variables`."""
        return {"ELASTICSEARCH_URL": self.url}

    def install(self) -> None:
        """See `Server.install`."""
        assembled()

    def prepare(self) -> None:
        """See `Server.prepare`."""
        for name in ("config", "tmp"):
            (self.home / name).mkdir(exist_ok=True)
        shutil.copy(LOGGING, self.home / "config")

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        made = assembled()
        return [
            str(jdk() / "bin" / "java"),
            f"-Xms{HEAP_MB}m",
            f"-Xmx{HEAP_MB}m",
            "-XX:+UseSerialGC",
            *self.java_options,
            "--enable-native-access=ALL-UNNAMED",
            f"-Djava.io.tmpdir={self.home / 'tmp'}",
            "-cp",
            f"{made / 'classes'}:{made / 'jars'}/*",
            "mootion.TestNode",
            str(self.home),
            str(self.port),
        ]

    def answers(self) -> bool:
        """Whether it takes part in its cluster of one."""
        try:
            address = f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s"
            with urllib.request.urlopen(address, timeout=3) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def remove_indexes(self) -> None:
        """Empties it."""
        with urllib.request.urlopen(f"{self.url}/_cat/indices/mootion*?h=index", timeout=30) as answer:
            names = answer.read().decode().split()
        for name in names:
            request = urllib.request.Request(f"{self.url}/{name}", method="DELETE")
            with urllib.request.urlopen(request, timeout=30):
                continue
