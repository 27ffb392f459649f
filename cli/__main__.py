"""The command `mootion`: data on standard output, messages on standard error, exit status 0 when all went well."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli import admin, background, certs, doctor, jobs, lock, report
from cli.demo import travel
from cli.journey import JourneyFailed
from cli.services import WORKERS, service_names
from cli.stores import StoresFailed
from mesh.config import ConfigurationError, Settings
from mesh.errors import CallError, reason_name

FAILED, BAD_CONFIGURATION = 1, 2
DEMO_IDLE_MINUTES = 30.0

app = typer.Typer(
    name="mootion",
    help="Study material in; concept maps, quizzes, cited answers and lesson videos out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(admin.app, name="admin")
app.add_typer(jobs.app, name="jobs")
app.command(epilog=certs.EXAMPLES)(certs.certs)
messages = Console(stderr=True, highlight=False)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def _settings() -> Settings:
    return Settings.from_environment(os.environ)


def _say(text: str) -> None:
    messages.print(text, soft_wrap=True)


@app.command(
    epilog="Examples:\n\n  mootion up\n\n  MOOTION_EDGE_PORT=9000 MOOTION_DATA_DIR=/srv/mootion mootion up"
)
def up(
    idle_minutes: Annotated[
        float | None, typer.Option(help="Stop after so many minutes without calls and work.")
    ] = None,
) -> None:
    """Run everything on this machine: services, workers and the edge. Ctrl-C stops it, twice at once."""
    from cli.system import System

    settings = _settings()
    idle_seconds = None if idle_minutes is None else idle_minutes * 60
    system = System(settings, idle_seconds=idle_seconds)
    log = None if sys.stderr.isatty() else sys.stderr
    asyncio.run(
        system.run(lambda url: _say(f"Mootion answers at {url} (API: {url}/docs). Ctrl-C stops it."), log)
    )


@app.command(epilog="Example:\n\n  mootion down")
def down() -> None:
    """Stop the system that runs on the data folder."""
    _say("Stopped." if background.stop(_settings()) else "Nothing runs here.")


@app.command(
    epilog="Examples:\n\n  mootion demo examples/waves-and-sound.pdf\n\n  mootion demo notes.docx --json"
)
def demo(
    file: Annotated[
        Path, typer.Argument(help="A PDF or DOCX file.", exists=True, dir_okay=False, readable=True)
    ],
    as_json: AsJson = False,
) -> None:
    """Take a file through the whole product: map, quiz, answer, search, video."""
    settings = _settings()
    if background.start(settings, DEMO_IDLE_MINUTES):
        _say("Mootion started in the background.")
    url = background.edge_url(settings)
    with report.shown_progress(messages) as progress:
        made = asyncio.run(travel(settings, file, progress))
    if as_json:
        print(json.dumps(report.as_json(made, url), ensure_ascii=False))
    else:
        report.print_made(Console(highlight=False), made, url)
    _say(
        f"Mootion goes on at {url} until it has had nothing to do for 30 minutes; `mootion down` stops it now."
    )


@app.command(epilog="Examples:\n\n  mootion serve quiz\n\n  MOOTION_GRPC_PORT=50061 mootion serve document")
def serve(name: Annotated[str, typer.Argument(help="Name of the service.")]) -> None:
    """Run one service as a process of its own."""
    _run_module(name, {known: f"services.{known}" for known in service_names()}, "service")


@app.command(epilog="Examples:\n\n  mootion worker render\n\n  mootion worker documents")
def worker(name: Annotated[str, typer.Argument(help="Name of the worker.")]) -> None:
    """Run one worker as a process of its own."""
    _run_module(name, WORKERS, "worker")


@app.command(
    epilog="Examples:\n\n  mootion edge\n\n"
    "  MOOTION_DOCUMENT_ADDRESS=10.0.0.1:50051,10.0.0.2:50051 MOOTION_QUIZ_ADDRESS=quiz.mootion:50051 mootion edge"
)
def edge() -> None:
    """Run the edge alone, before services that run elsewhere. SIGTERM finishes the calls in flight, then ends it."""
    os.execv(sys.executable, [sys.executable, "-m", "gateway"])


@app.command(epilog="Examples:\n\n  mootion reindex\n\n  mootion reindex --shards 4")
def reindex(
    shards: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Parts of the new index; as many as now by default.")
    ] = None,
) -> None:
    """Move the index on Elasticsearch to a new one, for a new mapping, while searches go on."""
    from cli import reindex as moving

    try:
        _say(f"The index is {moving.reindex(_settings(), shards)} now.")
    except moving.ReindexFailed as error:
        _say(str(error))
        raise typer.Exit(FAILED) from error


@app.command(epilog="Examples:\n\n  mootion reconcile --dry-run\n\n  mootion reconcile --json --safe-hours 1")
def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what differs; change nothing.")] = False,
    as_json: AsJson = False,
    safe_hours: Annotated[
        float, typer.Option(min=0.1, help="Blobs that were stored less long ago stay, whatever names them.")
    ] = 24.0,
) -> None:
    """Make the search index and the blobs agree with the database, while the system runs or not.

    Exit status 1 where blobs that the database names are gone."""
    from cli import reconcile as reconciling
    from cli import reconciled

    try:
        outcome = reconciling.reconcile(_settings(), dry_run=dry_run, safe_hours=safe_hours)
    except reconciling.ReconcileFailed as error:
        _say(str(error))
        raise typer.Exit(FAILED) from None
    if as_json:
        print(json.dumps(reconciled.as_json(outcome), ensure_ascii=False))
    else:
        reconciled.print_outcome(Console(highlight=False), outcome, dry_run)
    if not outcome.is_clean:
        raise typer.Exit(FAILED)


@app.command(
    epilog="Examples:\n\n  mootion backup /srv/backups/2026-11-21\n\n"
    "  DATABASE_URL=postgresql://... BLOB_URL=s3://... mootion backup /srv/backups/2026-11-21"
)
def backup(
    directory: Annotated[Path, typer.Argument(help="A folder that is empty or not there yet.")],
) -> None:
    """Copy database, blobs and keys of a system into a folder while it runs."""
    from cli import backup as backups

    try:
        done = backups.backup(_settings(), directory)
    except backups.BackupFailed as error:
        _say(str(error))
        raise typer.Exit(FAILED) from None
    _say(f"{done.files} files of {done.size / 1e6:.1f} MB and {done.rows} rows are in {directory}.")


@app.command(
    epilog="Examples:\n\n  mootion restore /srv/backups/2026-11-21\n\n"
    "  MOOTION_DATA_DIR=/srv/mootion mootion restore /srv/backups/2026-11-21"
)
def restore(
    directory: Annotated[
        Path, typer.Argument(help="What `mootion backup` made.", exists=True, file_okay=False)
    ],
) -> None:
    """Make an empty system from a backup. The system must not run."""
    from cli import backup as backups

    try:
        done = backups.restore(_settings(), directory)
    except backups.BackupFailed as error:
        _say(str(error))
        raise typer.Exit(FAILED) from None
    _say(f"{done.files} files of {done.size / 1e6:.1f} MB and {done.rows} rows are restored.")
    _say(_ordered(_settings()))


def _ordered(settings: Settings) -> str:
    """Has the index made again by the system that starts next; what an operator has to do for it, if anything."""
    from cli import reconcile as reconciling

    try:
        asyncio.run(reconciling.order_all(settings))
    except ConfigurationError as error:
        return f"{error}\nThen run `mootion reconcile`, which makes the search index again."
    return "The search index is made again when the system runs: start it with `mootion up`."


def _run_module(name: str, modules: dict[str, str], noun: str) -> None:
    if name not in modules:
        _say(f"There is no {noun} {name!r}. There are: {', '.join(sorted(modules))}.")
        raise typer.Exit(BAD_CONFIGURATION)
    os.execv(sys.executable, [sys.executable, "-m", modules[name]])


@app.command(
    epilog="Examples:\n\n  mootion migrate\n\n  mootion migrate --check\n\n  mootion migrate --sql > schema.sql"
)
def migrate(
    check: Annotated[
        bool, typer.Option(help="Change nothing; exit with 1 where there is something to do.")
    ] = False,
    sql: Annotated[
        bool, typer.Option(help="Print the statements that make the schema; change nothing.")
    ] = False,
) -> None:
    """Bring the database of DATABASE_URL to the schema of this version. There is no way back but a backup."""
    from cli import migrate as migration

    settings = _settings()
    try:
        if sql:
            migration.write_sql(settings, sys.stdout)
        elif check:
            wrong = migration.wrong_version(settings)
            _say(wrong or "The schema is as this version needs it.")
            raise typer.Exit(FAILED if wrong else 0)
        else:
            before, now = migration.migrate(settings)
            _say(
                f"The schema is at step {now}." if before in (None, now) else f"From step {before} to {now}."
            )
    except migration.MigrationFailed as error:
        _say(str(error))
        raise typer.Exit(FAILED) from None


@app.command(name="doctor", epilog="Examples:\n\n  mootion doctor\n\n  mootion doctor --json")
def examine(as_json: AsJson = False) -> None:
    """Say what is missing on this machine and how to get it."""
    findings = doctor.examine(_settings())
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
    else:
        table = Table("", "what", "seen", "what to do", box=None)
        for finding in findings:
            mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
            table.add_row(mark, finding.name, finding.seen, "" if finding.ok else finding.mend)
        Console().print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FAILED)


def main() -> None:
    """Runs the command and turns what can go wrong into one sentence and an exit status."""
    from gateway.edge import EdgeError

    try:
        app()
    except ConfigurationError as error:
        _say(str(error))
        sys.exit(BAD_CONFIGURATION)
    except CallError as error:
        _say(f"{reason_name(error.reason)}: {error.message}")
        sys.exit(FAILED)
    except (lock.AlreadyRunning, background.NotStarted, JourneyFailed, EdgeError, StoresFailed) as error:
        _say(str(error))
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
