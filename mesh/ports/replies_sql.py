"""Replies remembered in the database."""

from sqlalchemy import delete, select

from mesh.idempotency import IdempotentRequest
from mesh.ports.outgoing import NewReply
from mesh.ports.replies import StoredReply
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.sql_outgoing import already_remembered
from mesh.ports.tables import replies


class SqlReplies:
    """Reads and writes the table that `Transaction.remember` writes."""

    def __init__(self, database: SqlDatabase) -> None:
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
        new = NewReply(request, stored.reply)
        async with self._database.transaction() as transaction:
            added = await transaction.execute(self._database.outgoing.reply(new, self._database.now()))
            if added.rowcount == 0:
                raise already_remembered(new)

    async def forget(self, principal: str) -> None:
        """See `Replies.forget`."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(replies).where(replies.c.principal == principal))
