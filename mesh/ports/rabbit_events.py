"""How an event looks on RabbitMQ."""

from dataclasses import dataclass

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage, HeadersType
from mootion.event.v1 import event_pb2

from mesh.ports.outgoing import NewEvent
from mesh.ports.sql_log import LoggedEvent, Position


@dataclass(frozen=True)
class EventMessage:
    """An event of the log, and the position that the event before it has."""

    logged: LoggedEvent
    follows: Position

    def message(self) -> tuple[str, Message]:
        """The routing key, which is the kind of the event, and the message."""
        new, position = self.logged.new, self.logged.position
        headers: HeadersType = {
            "transaction_id": position.transaction_id,
            "seq": position.seq,
            "follows_transaction_id": self.follows.transaction_id,
            "follows_seq": self.follows.seq,
            "trace": dict(new.headers),
        }
        body = new.event.SerializeToString()
        return new.event.WhichOneof("payload") or "none", Message(
            body, headers=headers, message_id=new.event.event_id, delivery_mode=DeliveryMode.PERSISTENT
        )

    @classmethod
    def read(cls, message: AbstractIncomingMessage) -> "EventMessage | None":
        """The event in a message; None where the message is not of the relay."""
        headers = message.headers
        trace = headers.get("trace")
        if not isinstance(trace, dict):
            return None
        new = NewEvent(
            event_pb2.Event.FromString(message.body), {str(name): str(value) for name, value in trace.items()}
        )
        position = Position(_number(headers, "transaction_id"), _number(headers, "seq"))
        follows = Position(_number(headers, "follows_transaction_id"), _number(headers, "follows_seq"))
        return cls(LoggedEvent(position, new), follows)


def _number(headers: HeadersType, name: str) -> int:
    return int(str(headers[name]))
