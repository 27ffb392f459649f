"""Mail by SMTP, where the operator set a server up; otherwise nothing is sent, and the log says so once for each."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from mesh.config import Secret, Settings

SECONDS = 10.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Mail:
    """Sends single messages in the background.

    Args:
        server: `smtp://user:password@host:port`, or `smtps://` for TLS from the first byte; `smtp://` turns TLS on by
            STARTTLS where a password is given. None: there is no server.
        sender: address that messages come from.
    """

    server: Secret | None
    sender: str
    _sending: set["asyncio.Task[None]"] = field(default_factory=set)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Mail":
        """By MOOTION_SMTP_URL and MOOTION_MAIL_FROM."""
        return cls(settings.smtp_url, settings.mail_from)

    def send_soon(self, to: str, subject: str, text: str) -> None:
        """Sends a message without making anybody wait. A failure is logged without the address and the text."""
        if self.server is None:
            log.warning("mail_not_sent", why="MOOTION_SMTP_URL is not set", subject=subject)
            return
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message.set_content(text)
        task = asyncio.create_task(self._send(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, message: EmailMessage) -> None:
        assert self.server is not None
        try:
            await asyncio.to_thread(_deliver, self.server.reveal(), message)
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail_failed", subject=message["Subject"], error=type(error).__name__)


def _deliver(server: str, message: EmailMessage) -> None:
    parts = urlsplit(server)
    tls = ssl.create_default_context()
    if parts.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            parts.hostname or "", parts.port or 465, timeout=SECONDS, context=tls
        )
    else:
        connection = smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=SECONDS)
    with connection:
        if parts.username and parts.password:
            if parts.scheme != "smtps":
                connection.starttls(context=tls)
            connection.login(unquote(parts.username), unquote(parts.password))
        connection.send_message(message)
