"""The audit log of a database that an older version made: read as it was, and as little changed as before."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from mesh.config import Settings
from mesh.migrations.apply import migrate
from mesh.ports.audit import AuditLog, AuditQuery, Entry
from mesh.ports.open_ports import open_ports
from mesh.ports.sqlite_connection import open_engine
from mesh.sealing import Sealer

BEFORE = "0004"
SEALER = Sealer(b"k" * 32)
OLD = Entry(
    audit_entry_id="0190a6b0-0000-7000-8000-000000000001",
    time_us=2_000_000_000_000_000,
    principal_id="ada",
    method="mootion.quiz.v1.QuizService.DeleteQuiz",
    resource="quiz-1",
    code="OK",
    reason="",
    address="192.0.2.7",
    request_id="r1",
)
NEW = replace(
    OLD, audit_entry_id="0190a6b0-0000-7000-8000-000000000002", factors=("PASSWORD", "RECOVERY_CODE")
)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Of an empty database."""
    if request.param == "sqlite":
        return Settings(data_dir=tmp_path)
    return Settings(data_dir=tmp_path, database_url=request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def engine(settings: Settings) -> Engine:
    if settings.database_url is None:
        return open_engine(settings.data_dir / "mootion.db", "BEGIN IMMEDIATE")
    url = settings.database_url
    plain = url if isinstance(url, str) else url.reveal()
    return create_engine(make_url(plain).set(drivername="postgresql+psycopg"))


def add_as_before(engine: Engine, entry: Entry) -> None:
    """As the version before adds one: it knows nothing of factors."""
    row: dict[str, Any] = {name: value for name, value in vars(entry).items() if name != "factors"}
    sealed = SEALER.seal(row.pop("address").encode(), f"audit:{entry.audit_entry_id}")
    row["sealed_address"] = sealed
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO audit_entries ({names}) VALUES ({values})"), row)


async def test_they_are_read_beside_new_ones_and_name_no_factor(settings: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection, BEFORE)
    add_as_before(engine, OLD)
    with engine.begin() as connection:
        migrate(connection)
    # A process of that version goes on for a while, where all are replaced one after another.
    late = replace(OLD, audit_entry_id="0190a6b0-0000-7000-8000-000000000003", time_us=OLD.time_us + 1)
    add_as_before(engine, late)
    ports = await open_ports(settings)
    try:
        log = AuditLog(ports.database, SEALER)
        await log.add(NEW)
        assert list(await log.list(AuditQuery())) == [late, NEW, OLD]
    finally:
        await ports.close()
    for change in ("UPDATE audit_entries SET factors = '[]'", "DELETE FROM audit_entries"):
        with pytest.raises(DBAPIError, match="stay as they are"), engine.begin() as connection:
            connection.execute(text(change))
    engine.dispose()
