"""Writes `embedded.sql`, by which an empty SQLite file gets its tables without Alembic: `python -m mesh.migrations`."""

from mesh.migrations.apply import write_embedded_schema
from mesh.migrations.version import EMBEDDED_SCHEMA

if __name__ == "__main__":
    EMBEDDED_SCHEMA.write_text(write_embedded_schema(), encoding="utf-8")
