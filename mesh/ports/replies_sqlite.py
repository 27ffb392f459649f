"""Replies remembered in the SQLite database."""

from sqlalchemy import select

from mesh.idempotency import IdempotentRequest
from mesh.ports.outgoing import NewReply
from mesh.ports.replies import StoredReply
from mesh.ports.sql_sqlite import SqliteDatabase
from mesh.ports.tables import replies


class SqliteReplies:
    """Reads and writes the table that `Transaction.remember` writes."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def recall(self, principal: str, method: str, request_id: str) -> StoredReply | None:
        """See `Replies.recall`."""
        wanted = select(replies.c.body_hash, replies.c.reply).where(
            replies.c.principal == principal, replies.c.method == method, replies.c.request_id == request_id
        )
        async with self._database.reading() as reader:
            row = (await reader.execute(wanted)).first()
        return None if row is None else StoredReply(row.body_hash, row.reply)

    async def store(self, principal: str, method: str, request_id: str, stored: StoredReply) -> None:
        """See `Replies.store`."""
        request = IdempotentRequest(principal, method, request_id, stored.body_hash)
        async with self._database.transaction() as transaction:
            transaction.replies.append(NewReply(request, stored.reply))
