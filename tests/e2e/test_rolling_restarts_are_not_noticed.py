"""R7 in short: every replica is stopped and started in turn while calls and watches go on through the edge, and no
caller sees a failure."""

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from mootion.document.v1 import document_pb2, document_service_pb2, document_service_pb2_grpc

from mesh.client import Channels
from mesh.logs import configure
from mesh.telemetry import Telemetry
from tests.e2e.calls import SAMPLE, Json, events, ok, reason, upload
from tests.e2e.full_system import FullSystem, prepared, running
from tests.e2e.told import told

RESTARTED = ("document", "quiz", "video")
WATCHERS = 6
# On a slow machine a round of restarts is over before every caller has called so often; then there is another.
FEWEST, MOST_ROUNDS = 20, 4


pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[FullSystem]:
    """Two replicas of three services; no worker, so that a document stays unfinished until it is cancelled."""
    replicas = dict.fromkeys(RESTARTED, 2)
    with running(
        prepared(tmp_path, services=RESTARTED, replicas=replicas, workers=()),
        "/v1/documents",
    ) as made:
        made.wait_until_healthy("/v1/quizzes")
        made.wait_until_healthy("/v1/videos")
        yield made


class Load:
    """Callers that go on until told to stop, and what each of their calls came to."""

    def __init__(self, system: FullSystem, document_id: str) -> None:
        self._system = system
        self._document_id = document_id
        self._over = threading.Event()
        self.outcomes: Counter[str] = Counter()
        self.calls: tuple[Callable[[httpx2.Client], str], ...] = (
            self._get,
            self._list,
            self._quizzes,
            self._upload,
            self._video,
        )

    def fewest(self) -> int:
        """How often the call was answered that was answered least."""
        outcomes = dict(self.outcomes)
        return min(
            sum(count for name, count in outcomes.items() if name.startswith(f"{call.__name__} "))
            for call in self.calls
        )

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Callers make their calls while the block lasts."""
        with ThreadPoolExecutor(len(self.calls)) as pool:
            callers = [pool.submit(self._call_on, call) for call in self.calls]
            try:
                yield
            finally:
                self._over.set()
            for caller in callers:
                caller.result()

    def _call_on(self, call: Callable[[httpx2.Client], str]) -> None:
        with self._system.client() as client:
            while not self._over.is_set():
                self.outcomes[f"{call.__name__} {call(client)}"] += 1
                time.sleep(0.05)

    def _get(self, client: httpx2.Client) -> str:
        return _outcome(client.get(f"/v1/documents/{self._document_id}"))

    def _list(self, client: httpx2.Client) -> str:
        return _outcome(client.get("/v1/documents", params={"page_size": 5}))

    def _quizzes(self, client: httpx2.Client) -> str:
        return _outcome(client.get("/v1/quizzes"))

    def _upload(self, client: httpx2.Client) -> str:
        return _outcome(upload(client, SAMPLE.read_bytes(), "more.pdf"))

    def _video(self, client: httpx2.Client) -> str:
        """The video service asks the document service, and refuses for a reason of its own."""
        reply = client.post("/v1/videos", json={"documentId": self._document_id})
        refused = reply.status_code == 400 and reason(reply) == "DOCUMENT_NOT_READY"
        return "200" if refused else _outcome(reply)


def _outcome(reply: httpx2.Response) -> str:
    return "200" if reply.status_code == 200 else told(reply)


def watch_by_rest(system: FullSystem, document_id: str) -> tuple[list[int], int]:
    """Sequence numbers seen until the document is finished, and how often the stream was opened."""
    seen: list[int] = []
    with system.client() as client:
        for opened in itertools.count(1):
            after = seen[-1] if seen else 0
            for event in _events(client, f"/v1/documents/{document_id}:watch?after_sequence={after}"):
                seen.append(int(event["document"]["sequence"]))
                if event["document"]["state"] == "FAILED":
                    return seen, opened
    raise AssertionError("never reached")


def _events(client: httpx2.Client, path: str) -> Iterator[Json]:
    yield from events(client, path)


async def watch_by_grpc(system: FullSystem, document_id: str) -> list[int]:
    """The same by a client of the mesh, which goes on by itself."""
    channels = Channels(
        lambda _: f"127.0.0.1:{system.edge_port}", "", Telemetry(configure("info", "watcher"))
    )
    stub: document_service_pb2_grpc.DocumentServiceAsyncStub = channels.stub(
        document_service_pb2_grpc.DocumentServiceStub, "document"
    )
    try:
        request = document_service_pb2.WatchDocumentRequest(document_id=document_id)
        changes = [change.document async for change in stub.WatchDocument(request)]
    finally:
        await channels.close()
    assert changes[-1].state == document_pb2.FAILED
    return [change.sequence for change in changes]


def test_no_caller_sees_a_failure_while_every_replica_is_replaced(system: FullSystem) -> None:
    with system.client() as client:
        document_id = ok(upload(client, SAMPLE.read_bytes(), "watched.pdf"))["document"]["documentId"]
    load = Load(system, document_id)
    with ThreadPoolExecutor(2 * WATCHERS) as pool:
        by_rest = [pool.submit(watch_by_rest, system, document_id) for _ in range(WATCHERS)]
        by_grpc = [
            pool.submit(lambda: asyncio.run(watch_by_grpc(system, document_id))) for _ in range(WATCHERS)
        ]
        with load.going_on(), ThreadPoolExecutor() as restarting:
            for _ in range(MOST_ROUNDS):
                list(restarting.map(system.restart_one_by_one, RESTARTED))
                if load.fewest() > FEWEST:
                    break
        with system.client() as client:
            ok(client.post(f"/v1/documents/{document_id}:cancel", json={}))
        rest = [each.result(120) for each in by_rest]
        grpc_sequences = [each.result(120) for each in by_grpc]
    assert {outcome for outcome in load.outcomes if not outcome.endswith(" 200")} == set()
    assert load.fewest() > FEWEST, load.outcomes
    assert max(opened for _, opened in rest) > 1, "no watch was handed over"
    for sequences in [*(seen for seen, _ in rest), *grpc_sequences]:
        assert sequences == sorted(set(sequences)), "a state came twice or out of order"
    assert len({sequences[-1] for sequences in [*(seen for seen, _ in rest), *grpc_sequences]}) == 1
