"""Which services and workers there are: the services are those of the contracts, and each has a folder."""

import importlib

from mesh import policy
from mesh.service import Build

WORKERS = {"render": "workers.render", "documents": "workers.documents"}


def service_names() -> list[str]:
    """Every service that the contracts declare."""
    return sorted({method.service for method in policy.all_methods()})


def build_of(name: str) -> Build:
    """The function that puts a service together."""
    build: Build = importlib.import_module(f"services.{name}.__main__").build
    return build
