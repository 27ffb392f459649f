"""The toy service, served for one test."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "gen"))

from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import Running, running
from tests.contract.runtime.toy import Toy, parts


@dataclass(frozen=True)
class Served:
    """The toy service, its servicer and how to call it."""

    running: Running
    toy: Toy

    def stub(self, **identity: Any) -> rpc.ToyServiceAsyncStub:
        """A client; see Running.stub."""
        return self.running.stub(rpc.ToyServiceStub, "toy", **identity)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """The toy service behind every interceptor, on a free port."""
    toys: list[Toy] = []

    def build(runtime: Runtime) -> Parts:
        toys.append(Toy(runtime))
        return parts(toys[0])

    async with running(build, workload="toy") as found:
        yield Served(found, toys[0])
