"""Whatever workers do and whenever they die, the queue loses no job and gives it to one of them at a time."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from mesh.config import Settings
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.ports.queue_memory import InMemoryQueue

LEASE_SECONDS = 15.0
TOPIC = "video.scene"
ACTIONS = ("acknowledge", "retry", "release", "reject", "extend")


@dataclass
class Model:
    """What is known about one job: whether it has ended, its last token, and until when its lease holds."""

    ended: bool = False
    token: int = 0
    available: float = 0.0
    leased: bool = False


class QueueMachine(RuleBasedStateMachine):
    """Publishes, leases, settles and lets time pass in any order, and compares with a model."""

    leases: Bundle[Lease] = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.jobs: dict[str, Model] = {}
        self.loop = asyncio.new_event_loop()

    @initialize(durable=st.booleans())
    def open(self, durable: bool) -> None:
        self.ports: Ports | None = None
        self.folder = Path(tempfile.mkdtemp())
        if durable:
            self.ports = self.loop.run_until_complete(
                open_ports(Settings(data_dir=self.folder), now=lambda: self.now)
            )
        self.queue = self.ports.queue if self.ports else InMemoryQueue(lambda: self.now)

    @rule(key=st.sampled_from("abcdef"))
    def publish(self, key: str) -> None:
        self.loop.run_until_complete(self.queue.publish(TOPIC, key, key.encode()))
        self.jobs.setdefault(key, Model(available=self.now))

    @rule(target=leases)
    def lease(self) -> Lease | MultipleResults[Lease]:
        lease = self.loop.run_until_complete(
            self.queue.lease(TOPIC, wait_seconds=0, lease_seconds=LEASE_SECONDS)
        )
        due = [key for key, job in self.jobs.items() if not job.ended and job.available <= self.now]
        if lease is None:
            assert not due
            return multiple()
        assert lease.key in due
        assert lease.body == lease.key.encode()
        job = self.jobs[lease.key]
        assert lease.token == job.token + 1
        job.token, job.available, job.leased = lease.token, self.now + LEASE_SECONDS, True
        return lease

    @rule(lease=leases, action=st.sampled_from(ACTIONS), delay=st.sampled_from([0.0, 3.0, 20.0]))
    def settle(self, lease: Lease, action: str, delay: float) -> None:
        job = self.jobs[lease.key]
        holds = job.leased and not job.ended and job.token == lease.token and job.available > self.now
        arguments = {"retry": (delay,), "reject": ("reason",)}.get(action, ())
        assert self.loop.run_until_complete(getattr(lease, action)(*arguments)) == holds
        if not holds:
            return
        job.leased = action == "extend"
        job.ended = action in ("acknowledge", "reject")
        job.available = self.now + {"extend": LEASE_SECONDS, "retry": delay}.get(action, 0.0)

    @rule(seconds=st.sampled_from([1.0, 7.0, 15.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def no_job_is_lost(self) -> None:
        if self.jobs:
            depth = self.loop.run_until_complete(self.queue.depth(TOPIC))
            assert depth == sum(not job.ended for job in self.jobs.values())

    def teardown(self) -> None:
        if self.ports is not None:
            self.loop.run_until_complete(self.ports.close())
        self.loop.close()
        shutil.rmtree(self.folder)


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
