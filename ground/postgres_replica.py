"""A second PostgreSQL that follows the first and answers reads."""

import shutil
from collections.abc import Mapping

import psycopg

from ground.postgres import ADMINISTRATOR, Postgres, own, program, unprivileged
from ground.server import run


class PostgresReplica(Postgres):
    """A streaming standby of the `Postgres` of the same ground, which has to run at the first start."""

    name = "postgres-replica"

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Server.variables`."""
        return {"DATABASE_REPLICA_URL": self.url}

    def prepare(self) -> None:
        """Copies the primary at the first start."""
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        own(self.home)
        own(self.data)
        primary = f"{Postgres(self.home.parent).url_of('postgres', ADMINISTRATOR)}?application_name=replica"
        command = [
            program("pg_basebackup"),
            "-d",
            primary,
            "-D",
            str(self.data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
        ]
        run([*unprivileged(), *command, "--no-sync"])

    def furnish(self) -> None:
        """A standby is furnished by its primary."""

    def answers(self) -> bool:
        """Whether a session can be opened and the server says that it is a standby."""
        try:
            with psycopg.connect(self._administration, connect_timeout=2) as session:
                row = session.execute("SELECT pg_is_in_recovery()").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and bool(row[0])
