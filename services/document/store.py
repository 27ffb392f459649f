"""Rows of documents, passages and atoms."""

from collections.abc import Sequence
from typing import Any

from mootion.document.v1 import document_pb2
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from mesh.ports.sql import Reader, Transaction

metadata = MetaData()

documents = Table(
    "document_documents",
    metadata,
    Column("document_id", String(36), primary_key=True),
    Column("owner_id", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("lease_token", BigInteger, nullable=False, default=0),
    Column("body", LargeBinary, nullable=False),
    Index("document_documents_by_owner", "owner_id", "created_us", "document_id"),
)
passages = Table(
    "document_passages",
    metadata,
    Column("passage_id", String(36), primary_key=True),
    Column("document_id", String(36), nullable=False),
    Column("owner_id", String(64), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("document_passages_in_order", "document_id", "sequence"),
)
atoms = Table(
    "document_atoms",
    metadata,
    Column("atom_id", String(36), primary_key=True),
    Column("document_id", String(36), nullable=False),
    Column("owner_id", String(64), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("document_atoms_in_order", "document_id", "sequence"),
)


def _document(body: bytes) -> document_pb2.Document:
    return document_pb2.Document.FromString(body)


async def add_document(tx: Transaction, owner_id: str, document: document_pb2.Document) -> None:
    """Stores a new document."""
    await tx.execute(
        insert(documents).values(
            document_id=document.document_id,
            owner_id=owner_id,
            created_us=document.create_time.ToMicroseconds(),
            lease_token=0,
            body=document.SerializeToString(),
        )
    )


async def find_document(reader: Reader, owner_id: str, document_id: str) -> document_pb2.Document | None:
    """The owner's document, or None where there is none."""
    mine = and_(documents.c.document_id == document_id, documents.c.owner_id == owner_id)
    body = (await reader.execute(select(documents.c.body).where(mine))).scalar()
    return None if body is None else _document(body)


async def find_leased(reader: Reader, document_id: str) -> tuple[str, int, document_pb2.Document] | None:
    """Owner, highest lease token seen, and the document: what workers' reports are judged by."""
    columns = (documents.c.owner_id, documents.c.lease_token, documents.c.body)
    row = (await reader.execute(select(*columns).where(documents.c.document_id == document_id))).first()
    return None if row is None else (row.owner_id, row.lease_token, _document(row.body))


async def list_documents(
    reader: Reader, owner_id: str, after: tuple[int, str] | None, limit: int
) -> list[document_pb2.Document]:
    """The owner's documents, newest first, from behind `after` (creation in microseconds, id)."""
    statement = select(documents.c.body).where(documents.c.owner_id == owner_id)
    if after is not None:
        created_us, document_id = after
        earlier = documents.c.created_us < created_us
        same_time = and_(documents.c.created_us == created_us, documents.c.document_id < document_id)
        statement = statement.where(or_(earlier, same_time))
    statement = statement.order_by(documents.c.created_us.desc(), documents.c.document_id.desc())
    return [_document(body) for body in (await reader.execute(statement.limit(limit))).scalars()]


async def save_document(
    tx: Transaction, document: document_pb2.Document, lease_token: int | None = None
) -> None:
    """Stores a changed document, and the lease token of the worker that changed it."""
    values: dict[str, Any] = {"body": document.SerializeToString()}
    if lease_token is not None:
        values["lease_token"] = lease_token
    await tx.execute(
        update(documents).where(documents.c.document_id == document.document_id).values(**values)
    )


async def add_content(
    tx: Transaction,
    owner_id: str,
    document_id: str,
    new_passages: Sequence[document_pb2.Passage],
    new_atoms: Sequence[document_pb2.Atom],
) -> None:
    """Stores the passages and atoms of a document in place of any it had."""
    await _remove_content(tx, document_id)
    same = {"document_id": document_id, "owner_id": owner_id}
    if new_passages:
        await tx.execute(
            insert(passages),
            [
                {**same, "passage_id": p.passage_id, "sequence": p.sequence, "body": p.SerializeToString()}
                for p in new_passages
            ],
        )
    if new_atoms:
        await tx.execute(
            insert(atoms),
            [
                {**same, "atom_id": a.atom_id, "sequence": a.sequence, "body": a.SerializeToString()}
                for a in new_atoms
            ],
        )


async def _remove_content(tx: Transaction, document_id: str) -> None:
    for table in (passages, atoms):
        await tx.execute(delete(table).where(table.c.document_id == document_id))


async def remove_document(tx: Transaction, document_id: str) -> None:
    """Removes a document with its passages and atoms."""
    await _remove_content(tx, document_id)
    await tx.execute(delete(documents).where(documents.c.document_id == document_id))


async def list_passages(
    reader: Reader, document_id: str, after: int, limit: int
) -> list[document_pb2.Passage]:
    """Passages in order, behind the sequence number `after`."""
    bodies = await _content(reader, passages, document_id, after, limit)
    return [document_pb2.Passage.FromString(body) for body in bodies]


async def list_atoms(reader: Reader, document_id: str, after: int, limit: int) -> list[document_pb2.Atom]:
    """Atoms in order, behind the sequence number `after`."""
    bodies = await _content(reader, atoms, document_id, after, limit)
    return [document_pb2.Atom.FromString(body) for body in bodies]


async def _content(reader: Reader, table: Table, document_id: str, after: int, limit: int) -> Sequence[bytes]:
    part = and_(table.c.document_id == document_id, table.c.sequence > after)
    statement = select(table.c.body).where(part).order_by(table.c.sequence).limit(limit)
    return (await reader.execute(statement)).scalars().all()


async def get_passages(
    reader: Reader, owner_id: str, passage_ids: Sequence[str]
) -> list[document_pb2.Passage]:
    """The owner's passages with these ids, in their order; missing ones are left out."""
    mine = and_(passages.c.passage_id.in_(passage_ids), passages.c.owner_id == owner_id)
    rows = await reader.execute(select(passages.c.passage_id, passages.c.body).where(mine))
    found = {row.passage_id: document_pb2.Passage.FromString(row.body) for row in rows}
    return [found[passage_id] for passage_id in dict.fromkeys(passage_ids) if passage_id in found]
