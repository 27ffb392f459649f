"""`mootion admin`: what only whoever holds the data may do."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from mesh.config import Settings

app = typer.Typer(help="Look after accounts from the machine that holds the data.", no_args_is_help=True)


@app.command(
    epilog='Examples:\n\n  mootion admin create grace\n\n  printf %s "$PASSWORD" | mootion admin create grace'
)
def create(username: Annotated[str, typer.Argument(help="Name to sign in with.")]) -> None:
    """Make an administrator, or make the account of this name and password one.

    The password is asked for, or read from a pipe.
    """
    from cli.administrators import NotMade, create_admin

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.read().rstrip("\n")
    try:
        account_id = asyncio.run(create_admin(Settings.from_environment(os.environ), username, password))
    except NotMade as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(account_id)


@app.command(
    name="rotate-data-key",
    epilog="Examples:\n\n  mootion down && mootion admin rotate-data-key\n\n"
    "  MOOTION_DATA_KEY=NEW MOOTION_OLD_DATA_KEYS=OLD mootion admin rotate-data-key",
)
def rotate_data_key() -> None:
    """Make a new data key and seal personal and secret columns again with it. The system must not run.

    With MOOTION_DATA_KEY set, the key is yours to make: give the new one there, and the old one in
    MOOTION_OLD_DATA_KEYS.
    """
    from cli import lock
    from cli.data_key import rotate
    from mesh.sealing import Unreadable

    settings = Settings.from_environment(os.environ)
    try:
        with lock.held(settings.data_dir):
            done = asyncio.run(rotate(settings, _say))
    except (lock.AlreadyRunning, Unreadable) as error:
        _say(str(error))
        raise typer.Exit(1) from None
    for column, count in done.counts.items():
        _say(f"{column}: {count} sealed again")
    if done.audit_entries:
        _say(
            f"{done.audit_entries} entries of the audit log need an old key still; they are never changed. Keep it."
        )


def _say(text: str) -> None:
    typer.echo(text, err=True)
