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
    """Make an administrator, or make the account of this name one. The password is asked for, or read from a pipe."""
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
