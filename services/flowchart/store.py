"""Rows of concept maps, one for each document."""

from mootion.flowchart.v1 import flowchart_pb2
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, and_, delete, select

from mesh.ports.sql import Reader, Transaction

metadata = MetaData()

flowcharts = Table(
    "flowchart_flowcharts",
    metadata,
    Column("document_id", String(36), primary_key=True),
    Column("owner_id", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
)


async def find(reader: Reader, owner_id: str, document_id: str) -> flowchart_pb2.Flowchart | None:
    """The owner's map of a document, or None where none was generated."""
    mine = and_(flowcharts.c.document_id == document_id, flowcharts.c.owner_id == owner_id)
    body = (await reader.execute(select(flowcharts.c.body).where(mine))).scalar()
    return None if body is None else flowchart_pb2.Flowchart.FromString(body)


async def save(tx: Transaction, owner_id: str, chart: flowchart_pb2.Flowchart) -> None:
    """Stores a map in place of any the document had."""
    values = {"owner_id": owner_id, "body": chart.SerializeToString(deterministic=True)}
    row = tx.insert(flowcharts).values(document_id=chart.document_id, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["document_id"], set_=values))


async def remove(tx: Transaction, document_id: str) -> None:
    """Removes the map of a document; none is no error."""
    await tx.execute(delete(flowcharts).where(flowcharts.c.document_id == document_id))
