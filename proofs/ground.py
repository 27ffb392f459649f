"""What a proof stands on: the embedded stores in a folder of its own, or real servers."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mesh.config import Settings
from mesh.testing import free_port
from proofs.real_servers import RealServers


class Mode(StrEnum):
    """Which adapters a proof runs against."""

    EMBEDDED = "embedded"
    FULL = "full"


class Size(StrEnum):
    """LONG is what `make proofs` runs; SHORT is seconds, for `make test`."""

    SHORT = "short"
    LONG = "long"

    def of(self, *, short: int, long: int) -> int:
        """The one of two numbers that belongs to this size."""
        return short if self is Size.SHORT else long


# The same for every process, as in any system of more than one data folder.
KEYS = {
    "MOOTION_MESH_KEY": "bWVzaCBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXRlcyE=",
    "MOOTION_DATA_KEY": "ZGF0YSBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXRlcyE=",
}


@dataclass
class Ground:
    """Stores of a proof: empty at its start, and only its own.

    Args:
        mode: which adapters.
        folder: for data of the embedded stores, and for files of the proof itself.
        urls: variables such as DATABASE_URL that name the real servers; none in the embedded mode.
        servers: the real servers, for a proof that ends or holds one.
    """

    mode: Mode
    folder: Path
    urls: Mapping[str, str] = field(default_factory=dict)
    servers: RealServers | None = None

    @property
    def is_embedded(self) -> bool:
        return self.mode is Mode.EMBEDDED

    def environment(self, name: str = "data", **variables: object) -> dict[str, str]:
        """Variables of a process on these stores, with free ports and its data below the ground's folder."""
        ports = ("GRPC", "MEDIA", "EDGE", "EDGE_ADMIN")
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("MOOTION_", "OPENAI_"))
        }
        return {
            **kept,
            **self.urls,
            **{f"MOOTION_{port}_PORT": str(free_port()) for port in ports},
            "MOOTION_METRICS_PORT": "0",
            "MOOTION_LOG_LEVEL": "warning",
            "MOOTION_DATA_DIR": str(self.folder / name),
            **KEYS,
            **{key: str(value) for key, value in variables.items()},
        }

    def settings(self, name: str = "data", **variables: Any) -> Settings:
        """Settings with free ports and data below the ground's folder."""
        return Settings.from_environment(self.environment(name, **variables))
