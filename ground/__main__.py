"""`python -m ground up|down|status`: real servers on this machine, for trying Mootion on them and for tests."""

import argparse
import sys
from pathlib import Path

from ground.postgres_replica import PostgresReplica
from ground.server import ServerError
from ground.servers import KINDS, USUAL, Servers
from tests.elasticsearch.node import Elasticsearch

FOLDER = Path(".mootion/services")


def up(servers: Servers, names: list[str]) -> int:
    """Starts servers and prints the variables to set."""
    for name, seconds in servers.up(names).items():
        print(f"{name} answers ({seconds:.1f} s)", file=sys.stderr)
    print(servers.environment_file.read_text(), end="")
    print(f"For a shell:  . {servers.environment_file}", file=sys.stderr)
    return 0


def down(servers: Servers) -> int:
    """Stops all of them."""
    stopped = servers.down()
    print(f"stopped: {', '.join(stopped)}" if stopped else "no server was running", file=sys.stderr)
    return 0


def status(servers: Servers) -> int:
    """Says of each server whether it answers. Returns 1 where one that was started does not."""
    known = servers.all()
    for server in known:
        state = "answers" if server.running and server.answers() else "is down"
        print(f"{server.name} {state} (port {server.port}, pid {server.pid or '-'})")
    return 0 if all(server.running for server in known) else 1


def main() -> None:
    """Exits with 1 where a server does not come up."""
    parser = argparse.ArgumentParser(prog="python -m ground", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where data, ports and logs are kept")
    parser.add_argument("--only", help=f"servers to start, with commas between: {', '.join(KINDS)}")
    parser.add_argument("--replica", action="store_true", help="a PostgreSQL that follows the first, too")
    parser.add_argument(
        "--elasticsearch",
        action="store_true",
        help="the test node too; needs Maven and a JDK once, to assemble it",
    )
    chosen = parser.parse_args()
    servers = Servers(chosen.folder)
    if chosen.command != "up":
        sys.exit(down(servers) if chosen.command == "down" else status(servers))
    names = chosen.only.split(",") if chosen.only else list(USUAL)
    if unknown := [name for name in names if name not in KINDS]:
        parser.error(f"--only: no server is called {unknown[0]!r}; there are {', '.join(KINDS)}")
    names += [PostgresReplica.name] if chosen.replica else []
    names += [Elasticsearch.name] if chosen.elasticsearch else []
    try:
        sys.exit(up(servers, list(dict.fromkeys(names))))
    except ServerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
