"""What was set apart because it failed too often: jobs and events, shown, tried again or given up."""

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from cli import stores

if TYPE_CHECKING:
    from mesh.ports.open_ports import Ports

FAILED, WRONG_USE = 1, 2
# Topic under which the events that a subscription failed on are listed.
EVENTS = "events."

app = typer.Typer(
    help="Show, replay or drop the jobs and events that were set apart because they failed too often.",
    no_args_is_help=True,
)
OfTopic = Annotated[
    str | None, typer.Option("--topic", help="Only this topic, such as video.scene or events.search.")
]
Topic = Annotated[str | None, typer.Argument(help="Topic, as `mootion jobs list` shows it.")]
Key = Annotated[str | None, typer.Argument(help="Key of the job or id of the event.")]
All = Annotated[bool, typer.Option("--all", help="Everything that is listed, instead of TOPIC and KEY.")]


@dataclass(frozen=True)
class Apart:
    """A job or an event set apart. The topic of an event is `events.` and the subscription that failed on it."""

    topic: str
    key: str
    attempts: int
    reason: str


Settle = Callable[["Ports", Apart], Awaitable[bool]]


async def found(ports: "Ports", topic: str | None = None) -> list[Apart]:
    """Everything set apart, by topic, the oldest first; at most 1,000 of each topic."""
    listed: list[Apart] = []
    for name in await ports.queue.dead_topics():
        if topic in (None, name):
            dead = await ports.queue.dead_letters(name)
            listed += [Apart(name, each.key, each.attempt, each.reason) for each in dead]
    for name in await ports.events.failed_subscriptions():
        if topic in (None, EVENTS + name):
            failed = await ports.events.failures(name)
            listed += [
                Apart(EVENTS + name, each.event.event_id, each.attempts, each.reason) for each in failed
            ]
    return listed


async def replay(ports: "Ports", apart: Apart) -> bool:
    """Has it tried again, its attempts counted anew. False: it is set apart no more."""
    if apart.topic.startswith(EVENTS):
        return await ports.events.replay_failure(apart.topic.removeprefix(EVENTS), apart.key)
    return await ports.queue.replay(apart.topic, apart.key)


async def drop(ports: "Ports", apart: Apart) -> bool:
    """Gives it up. False: it is set apart no more."""
    if apart.topic.startswith(EVENTS):
        return await ports.events.drop_failure(apart.topic.removeprefix(EVENTS), apart.key)
    return await ports.queue.drop(apart.topic, apart.key)


async def settle_all(ports: "Ports", settle: Settle, topic: str | None) -> int:
    """Settles all that is set apart now, a thousand of each topic at a time; tells how many."""
    seen: set[Apart] = set()
    count = 0
    while fresh := [each for each in await found(ports, topic) if each not in seen]:
        seen.update(fresh)
        count += sum([await settle(ports, each) for each in fresh])
    return count


@app.command(
    name="list",
    epilog="Examples:\n\n  mootion jobs list\n\n  mootion jobs list --topic video.scene --json",
)
def show(
    topic: OfTopic = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List what was set apart, with the reason. Nothing listed is exit status 0 as well."""
    listed = stores.run(lambda ports: found(ports, topic))
    if as_json:
        print(json.dumps([asdict(each) for each in listed], ensure_ascii=False))
        return
    if not listed:
        _say("Nothing is set apart.")
        return
    table = Table("topic", "key", "attempts", "reason", box=None)
    for each in listed:
        table.add_row(each.topic, each.key, str(each.attempts), each.reason)
    Console(highlight=False, markup=False).print(table)


@app.command(
    name="replay",
    epilog="Examples:\n\n  mootion jobs replay video.scene 0197f0c2-6d2e-7c11-8a4b-0e2f6c1d9a55:3\n\n"
    "  mootion jobs replay --all\n\n  mootion jobs replay --all --topic events.search",
)
def replay_command(
    topic: Topic = None, key: Key = None, everything: All = False, of_topic: OfTopic = None
) -> None:
    """Have a job or an event, or all of them, tried again from their first attempt."""
    _settle(replay, "tried again", topic, key, everything, of_topic)


@app.command(
    name="drop",
    epilog="Examples:\n\n  mootion jobs drop events.search 0197f0c2-6d2e-7c11-8a4b-0e2f6c1d9a55\n\n"
    "  mootion jobs drop --all --topic video.scene",
)
def drop_command(
    topic: Topic = None, key: Key = None, everything: All = False, of_topic: OfTopic = None
) -> None:
    """Give up a job or an event, or all of them. There is no way back."""
    _settle(drop, "given up", topic, key, everything, of_topic)


def _settle(
    settle: Settle, done: str, topic: str | None, key: str | None, everything: bool, of_topic: str | None
) -> None:
    if everything:
        if topic is not None:
            _refuse("Give TOPIC and KEY, or --all with --topic TOPIC, not both.")
        _say(f"{stores.run(lambda ports: settle_all(ports, settle, of_topic))} {done}.")
        return
    if topic is None or key is None:
        _refuse("Give TOPIC and KEY as `mootion jobs list` shows them, or --all.")
    if not stores.run(lambda ports: settle(ports, Apart(topic, key, 0, ""))):
        _say(f"Nothing of topic {topic!r} with key {key!r} is set apart; see `mootion jobs list`.")
        raise typer.Exit(FAILED)
    _say(f"1 {done}.")


def _refuse(text: str) -> NoReturn:
    _say(text)
    raise typer.Exit(WRONG_USE)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
