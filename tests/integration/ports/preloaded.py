"""What every process of these tests imports; imported once, in the server they are forked from."""

import sqlalchemy.dialects.sqlite

import mesh.consuming
import mesh.ports.open_ports
import mesh.worker

__all__ = ["mesh", "sqlalchemy"]
