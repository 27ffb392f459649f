"""Everything that is derived from the contracts and checked in, and whether what is checked in is what it should be."""

from pathlib import Path

from mesh.derive import envoy, permissions, prometheus, stubs
from mesh.derive.contracts import build_image, parse
from mesh.derive.openapi import openapi


def files(root: Path) -> dict[str, bytes]:
    """Content of every derived file, the stubs apart, by its path below `root`.

    Raises:
        ContractError: buf refuses the contracts.
    """
    contracts = parse(build_image(".", root=root))
    return {
        "deploy/prometheus/objectives.yml": prometheus.rules(contracts).encode(),
        "docs/permissions.md": permissions.table(contracts).encode(),
        "gateway/envoy.json": envoy.configuration(contracts).encode(),
        "gateway/mootion.binpb": build_image(
            ".", "--as-file-descriptor-set", "--exclude-source-info", root=root
        ),
        "gateway/openapi.json": openapi(contracts).encode(),
    }


def stale(root: Path) -> list[str]:
    """One sentence for each derived file that is not what the contracts make, stubs included.

    Raises:
        ContractError: buf refuses the contracts.
        StubsError: protoc refuses them.
    """
    expected = {**files(root), **stubs.make(root)}
    differing = [name for name, content in expected.items() if _content(root / name) != content]
    orphans = stubs.checked_in(root) - expected.keys()
    return [f"stale generated file: {name}; run make gen" for name in sorted([*differing, *orphans])]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
