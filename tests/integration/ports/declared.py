"""All tables that the code declares: those of the mesh and of every service."""

import importlib
from pathlib import Path

from sqlalchemy import MetaData

from mesh.ports import tables

SERVICES = Path(__file__).parents[3] / "services"


def metadata() -> MetaData:
    """One collection of all of them."""
    together = MetaData()
    stores = [path.parent.name for path in sorted(SERVICES.glob("*/store.py"))]
    for one in (
        tables.metadata,
        *(importlib.import_module(f"services.{name}.store").metadata for name in stores),
    ):
        for table in one.sorted_tables:
            table.to_metadata(together)
    return together
