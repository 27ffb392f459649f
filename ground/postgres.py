"""PostgreSQL from the `pgserver` wheel, whose programs need nothing installed."""

import importlib.util
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from ground.server import Server, ServerMissing, run

_NOBODY = 65534
OWNER = "mootion"
ADMINISTRATOR = "postgres"


class Postgres(Server):
    """One primary. Role and database `mootion`; the role may create databases and is no superuser."""

    name = "postgres"
    # "Fast": sessions are ended and everything is written. SIGTERM would wait for clients to leave.
    stop_signal = signal.SIGINT
    database: ClassVar[str] = OWNER

    @property
    def url(self) -> str:
        """`postgresql://` URL of the database `mootion` for the role `mootion`."""
        return self.url_of(self.database)

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Server.variables`."""
        return {"DATABASE_URL": self.url}

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"

    def url_of(self, database: str, role: str = OWNER) -> str:
        """URL of a database of this server."""
        return f"postgresql://{role}:{self.kept.password()}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Makes a database that belongs to the role `mootion` and returns its URL.

        Args:
            name: the new database.
            template: what it is a copy of; empty by default.
        """
        self._administer(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                *(sql.Identifier(part) for part in (name, OWNER, template))
            )
        )
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Removes a database and ends its sessions; one that is not there is no error."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def prepare(self) -> None:
        """Makes the data directory at the first start."""
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        own(self.home)
        own(self.data)
        secret = self.home / "password"
        secret.write_text(self.kept.password())
        own(secret, 0o600)
        options = ["--encoding=UTF8", "--locale=C.UTF-8", f"--username={ADMINISTRATOR}", f"--pwfile={secret}"]
        run(
            [
                *unprivileged(),
                program("initdb"),
                f"--pgdata={self.data}",
                "--auth=scram-sha-256",
                "--no-sync",
                *options,
            ]
        )
        secret.unlink()

    def kill(self) -> None:
        """See `Server.kill`. The lock goes too: its process may stay as a zombie, which PostgreSQL takes for alive."""
        super().kill()
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "wal_level": "replica",
            "max_wal_senders": "10",
            "hot_standby": "on",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [*unprivileged(), program("postgres"), "-D", str(self.data), *options]

    def answers(self) -> bool:
        """Whether a session can be opened and asked."""
        try:
            with psycopg.connect(self._administration, connect_timeout=2) as session:
                session.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def furnish(self) -> None:
        """Makes role and database `mootion`."""
        with psycopg.connect(self._administration, autocommit=True) as session:
            if not session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone():
                session.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        sql.Identifier(OWNER), sql.Literal(self.kept.password())
                    )
                )
            found = session.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [self.database]
            ).fetchone()
        if not found:
            self.create_database(self.database)

    @property
    def _administration(self) -> str:
        return self.url_of("postgres", ADMINISTRATOR)

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._administration, autocommit=True) as session:
            session.execute(statement)


def program(name: str) -> str:
    """Path of a PostgreSQL program, such as `pg_dump`. Raises ServerMissing where the wheel is not installed."""
    found = importlib.util.find_spec("pgserver")
    if found is None or found.origin is None:
        raise ServerMissing("PostgreSQL: the Python package pgserver is missing; run `make setup`")
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


def unprivileged() -> Sequence[str]:
    """What goes before a PostgreSQL program, which refuses to run as root: then it runs as `nobody`.

    It keeps one right of root, to pass through folders (CAP_DAC_READ_SEARCH), so that the project may lie in a
    home folder that others cannot enter, and no folder has to be opened up for it.
    """
    if os.geteuid() != 0:
        return []
    user = f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"
    right = "--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"
    return ["setpriv", *user, *right]


def own(path: Path, mode: int = 0o700) -> None:
    """Makes a folder, where nothing is there, and gives the path to the user PostgreSQL runs as."""
    if not path.exists():
        path.mkdir()
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, _NOBODY, _NOBODY)
