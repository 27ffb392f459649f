"""`mootion certs`: the certificates by which the workloads of a mesh know each other."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.services import service_names
from mesh import policy
from mesh.callers import EDGE
from mesh.certificates import names
from mesh.certificates.folder import Done, Folder, Outcome
from mesh.http import WORKLOAD as MEDIA

EXAMPLES = (
    "Examples:\n\n  mootion certs /etc/mootion/tls --host learn.example.org\n\n"
    "  MOOTION_TLS_DIR=/etc/mootion/tls mootion up"
)
# The pair of a process that hosts every service, and the one of whoever looks after the mesh.
ALL_SERVICES, OPERATOR = "mootion", "cli"
MEDIA_HOST = "video"


def pairs() -> dict[str, list[str]]:
    """The pairs of a mesh by name, and the workloads that each names: every service, every other workload that a
    contract lets call, and the process that hosts all services."""
    services = {name: [name, MEDIA] if name == MEDIA_HOST else [name] for name in service_names()}
    callers = {caller for method in policy.all_methods() for caller in method.callers}
    alone = sorted({*callers, EDGE, OPERATOR} - {*services, MEDIA})
    return services | {name: [name] for name in alone} | {ALL_SERVICES: [ALL_SERVICES, *services, MEDIA]}


def certs(
    folder: Annotated[Path, typer.Argument(help="Where they are kept; made where it is missing.")],
    host: Annotated[
        list[str] | None,
        typer.Option(help="Name or address of the public listener; give it more than once for several."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=825, help="Life of what is made.")] = 90,
    trust_domain: Annotated[
        str | None,
        typer.Option(
            help="Domain of the mesh, in which names are spiffe://DOMAIN/WORKLOAD; `mootion` by default."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Make an authority and a certificate for each workload, or renew those with a third of their life left.

    Running processes take renewed certificates by themselves. Keep authority.key where nobody else reads it: it is
    only needed here.
    """
    hosts = host or []
    _check(hosts, trust_domain)
    try:
        made = Folder(folder, trust_domain, timedelta(days=days), datetime.now(UTC)).bring_up(pairs(), hosts)
    except OSError as error:
        typer.echo(f"{folder} cannot be written to: {error.strerror}.", err=True)
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps({outcome.name: _as_json(outcome) for outcome in made}))
    else:
        _print(made)


def _check(hosts: list[str], trust_domain: str | None) -> None:
    for host in hosts:
        if not names.is_host(host):
            raise typer.BadParameter(
                f"{host!r} is no name of a host and no address; give such as learn.example.org",
                param_hint="--host",
            )
    if trust_domain is not None and not names.is_trust_domain(trust_domain):
        raise typer.BadParameter(
            f"{trust_domain!r}: give lower-case letters, digits, dots, dashes and underscores",
            param_hint="--trust-domain",
        )


def _as_json(outcome: Outcome) -> dict[str, str]:
    return {"done": outcome.done.value, "ends": outcome.ends.isoformat()}


def _print(outcomes: list[Outcome]) -> None:
    table = Table("", "certificate", "ends", box=None)
    for outcome in outcomes:
        mark = outcome.done.value if outcome.done is Done.KEPT else f"[green]{outcome.done.value}[/]"
        table.add_row(mark, outcome.name, f"{outcome.ends:%Y-%m-%d %H:%M} UTC")
    Console(highlight=False).print(table)
