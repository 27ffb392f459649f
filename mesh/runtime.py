"""Everything a service or a worker is given to work with, opened and closed in one place."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

from mesh.allocator import keep_few_arenas
from mesh.certificates.credentials import Credentials
from mesh.certificates.folder import AUTHORITY
from mesh.client import Channels
from mesh.clock import Clock, SystemClock
from mesh.config import Settings
from mesh.ids import Ids
from mesh.metrics import Metrics
from mesh.ports.audit import AuditLog
from mesh.ports.blobs import Blobs
from mesh.ports.cache import Cache
from mesh.ports.events import Events
from mesh.ports.limits import Limits
from mesh.ports.queue import Queue
from mesh.ports.replies import Replies
from mesh.ports.sql import Database
from mesh.sealing import Sealer
from mesh.secret_keys import OLD_DATA_KEYS, decoded, older, read_or_make
from mesh.signature import Signer
from mesh.telemetry import Telemetry


@dataclass(frozen=True)
class Runtime:
    """The ports of a process, its clients of other services, time and ids.

    `relay` is what a process that serves runs beside, where jobs and events are carried by a broker. `certificates` are
    what it shows others; None where the mesh speaks in plain.
    """

    settings: Settings
    database: Database
    blobs: Blobs
    queue: Queue
    events: Events
    cache: Cache
    limits: Limits
    replies: Replies
    audit: AuditLog
    sealer: Sealer
    signer: Signer
    channels: Channels
    clock: Clock
    ids: Ids
    telemetry: Telemetry
    relay: Callable[[], Awaitable[None]] | None = None
    certificates: Credentials | None = None


@asynccontextmanager
async def open_runtime(
    settings: Settings, workload: str, *, log: TextIO | None = None
) -> AsyncIterator[Runtime]:
    """Opens the adapters that the settings ask for and closes them at the end of the block.

    Args:
        workload: the name this process has for others and in logs: a service, a worker, or `mootion` for all.
        log: where log lines go; standard error by default.

    Raises:
        ConfigurationError: a URL asks for an adapter that does not exist, or a key is none.
        OSError: a store cannot be opened.
    """
    # Imported here: a client that only calls services needs none of the adapters.
    from mesh.ports.open_ports import open_ports

    keep_few_arenas()
    telemetry = Telemetry.open(settings, workload, log)
    ids = Ids()
    unanswered = telemetry.metrics.unanswered
    ports = await open_ports(settings, new_id=ids.new, unanswered=lambda port: unanswered.labels(port).inc())
    telemetry.metrics.limits_degraded.set_function(lambda: float(ports.limits.degraded))
    sealer = _open_sealer(settings)
    signer = Signer(read_or_make(settings.mesh_key, settings.key_dir / "mesh.key", "MOOTION_MESH_KEY"))
    certificates = _open_certificates(settings, workload, telemetry.metrics)
    channels = Channels(settings.address, workload, telemetry, signer, certificates)
    try:
        yield Runtime(
            settings=settings,
            database=ports.database,
            blobs=ports.blobs,
            queue=ports.queue,
            events=ports.events,
            cache=ports.cache,
            limits=ports.limits,
            replies=ports.replies,
            audit=AuditLog(ports.database, sealer),
            sealer=sealer,
            signer=signer,
            channels=channels,
            clock=SystemClock(),
            ids=ids,
            telemetry=telemetry,
            relay=ports.relay,
            certificates=certificates,
        )
    finally:
        await channels.close()
        await ports.close()
        telemetry.close()


def _open_certificates(settings: Settings, workload: str, metrics: Metrics) -> Credentials | None:
    if settings.tls_dir is None:
        return None
    certificates = Credentials(settings.tls_dir, workload)
    metrics.watch_certificate(workload, certificates.end)
    metrics.watch_certificate(AUTHORITY, certificates.authority_end)
    return certificates


def _open_sealer(settings: Settings) -> Sealer:
    newest = read_or_make(settings.data_key, settings.key_dir / "data.key", "MOOTION_DATA_KEY")
    given = [decoded(key.reveal(), "MOOTION_OLD_DATA_KEYS") for key in settings.old_data_keys]
    return Sealer(newest, *given, *older(settings.key_dir / OLD_DATA_KEYS))
