"""The history of the schema leads both databases to the tables that the code declares."""

import io
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from mootion.event.v1 import event_pb2
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text
from typer.testing import CliRunner

from cli.__main__ import app
from mesh.config import ConfigurationError, Settings
from mesh.migrations.apply import SchemaNewer, migrate, migrate_postgres, write_embedded_schema, write_sql
from mesh.migrations.version import EMBEDDED_SCHEMA, VERSIONS, newest, version_of
from mesh.ports.open_ports import open_ports
from mesh.ports.sqlite_connection import open_engine
from tests.integration.ports import declared

STEPS = sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """An empty database."""
    if request.param == "sqlite":
        return open_engine(tmp_path / "mootion.db", "BEGIN IMMEDIATE")
    url = make_url(request.getfixturevalue("empty_postgres_url"))
    return create_engine(url.set(drivername="postgresql+psycopg"))


def is_declared(thing: object, name: str | None, kind: str, *rest: object) -> bool:
    """Partitions of the log are made by the system itself."""
    return not (kind == "table" and (name or "").startswith("outbox_"))


def differences(connection: Connection) -> list[object]:
    options = {"include_object": is_declared, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, declared.metadata()))


def test_each_step_runs_after_the_one_before_and_the_last_gives_what_is_declared(engine: Engine) -> None:
    for step in STEPS:
        with engine.begin() as connection:
            migrate(connection, step)
            assert version_of(connection) == step
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


def test_a_missing_column_would_be_noticed(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
        connection.execute(text("ALTER TABLE video_videos DROP COLUMN target_seconds"))
        assert len(differences(connection)) == 1
    engine.dispose()


def test_the_steps_are_one_line_of_numbers() -> None:
    assert [f"{number:04}" for number in range(1, len(STEPS) + 1)] == STEPS
    assert newest() == STEPS[-1]


def test_the_schema_of_an_empty_embedded_database_is_what_the_history_leads_to() -> None:
    assert EMBEDDED_SCHEMA.read_text() == write_embedded_schema(), "run `python -m mesh.migrations`"


def test_a_failed_step_leaves_nothing_behind(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        migrate(connection)
        raise ZeroDivisionError
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()


async def test_a_data_folder_from_before_there_was_a_history_is_taken_over(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/mootion.db")
    with engine.begin() as connection:
        migrate(connection, "0001")
        connection.execute(text("DROP TABLE alembic_version"))
        event = event_pb2.Event(owner_id="ada").SerializeToString()
        row = {"body": event}
        connection.execute(
            text("INSERT INTO outbox (kind, body, headers, time) VALUES ('', :body, '{}', 1)"), row
        )
        connection.execute(text("INSERT INTO subscriptions VALUES ('search', 0)"))
    engine.dispose()
    ports = await open_ports(Settings(data_dir=tmp_path))
    assert not await ports.events.wait_until_handled("search", 0)
    await ports.close()
    with sqlite3.connect(tmp_path / "mootion.db") as connection_:
        assert connection_.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest(),)]


async def test_a_data_folder_of_a_later_version_is_refused(tmp_path: Path) -> None:
    await (await open_ports(Settings(data_dir=tmp_path))).close()
    with sqlite3.connect(tmp_path / "mootion.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="9999"):
        await open_ports(Settings(data_dir=tmp_path))


def test_a_postgres_database_of_a_later_version_is_refused(postgres_url: str) -> None:
    engine = create_engine(make_url(postgres_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SchemaNewer, match="9999"):
        migrate_postgres(postgres_url)


def test_of_two_that_migrate_at_once_the_second_finds_it_done(empty_postgres_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(migrate_postgres, [empty_postgres_url] * 2), key=str)
    assert results == [(newest(), newest()), (None, newest())]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_history_can_be_printed(dialect: str) -> None:
    out = io.StringIO()
    write_sql(dialect, out)
    assert out.getvalue().count("CREATE TABLE") >= 15
    assert f"version_num='{newest()}'" in out.getvalue()


def test_the_command_migrates_and_says_what_there_is_to_do(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
    runner = CliRunner()
    before = runner.invoke(app, ["migrate", "--check"])
    assert before.exit_code == 1 and "mootion migrate" in before.stderr
    assert runner.invoke(app, ["migrate"]).exit_code == 0
    after = runner.invoke(app, ["migrate", "--check"])
    assert after.exit_code == 0, after.stderr


def test_the_command_says_when_the_server_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://mootion:secret@127.0.0.1:1/mootion")
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 1
    assert "does not answer" in result.stderr.replace("\n", " ") and "secret" not in result.output
