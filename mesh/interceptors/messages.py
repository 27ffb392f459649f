"""Logs requests and replies without what their contracts mark, where an operator asks for it."""

import structlog
from google.protobuf import message_factory

from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.redaction import redacted

log = structlog.get_logger(__name__)


class MessagesInterceptor:
    """One line a call with the request and the reply; streamed ones are left out. Costs nothing where it is off."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        if not self._on:
            return proceed
        parse = message_factory.GetMessageClass(method.output).FromString
        has_reply = not method.server_streaming

        async def show(call: Call) -> bytes:
            request = None if method.client_streaming else redacted(call.request)
            try:
                reply = await proceed(call)
            except BaseException:
                log.info("messages", method=method.path, request=request, reply=None)
                raise
            shown = redacted(parse(reply)) if has_reply else None
            log.info("messages", method=method.path, request=request, reply=shown)
            return reply

        return show
