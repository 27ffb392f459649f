"""The closed list of services: contracts, folders and edge must name the same ones."""

import json
from pathlib import Path

from mesh.derive.contracts import Contracts

# Clusters of the edge that are no services.
_OTHER_CLUSTERS = frozenset({"media", "keys", "limiter", "traces"})


def differences(contracts: Contracts, root: Path) -> list[str]:
    """One sentence for each service that is missing somewhere or has no contract."""
    expected = set(contracts.domains)
    found = {"services/": _folders(root), "the edge (gateway/envoy.json)": _clusters(root)}
    return [
        sentence
        for place, names in found.items()
        for sentence in (
            *(
                f"the service {name} has a contract but is missing from {place}."
                for name in sorted(expected - names)
            ),
            *(f"the service {name} is in {place} but has no contract." for name in sorted(names - expected)),
        )
    ]


def _folders(root: Path) -> set[str]:
    return {path.parent.name for path in (root / "services").glob("*/__main__.py")}


def _clusters(root: Path) -> set[str]:
    config = json.loads((root / "gateway/envoy.json").read_text())
    return {cluster["name"] for cluster in config["staticResources"]["clusters"]} - _OTHER_CLUSTERS
