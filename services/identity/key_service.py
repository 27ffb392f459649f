"""One short method for each RPC of KeyService."""

from dataclasses import dataclass

import grpc
from mootion.identity.v1 import key_service_pb2 as messages
from mootion.identity.v1 import key_service_pb2_grpc as rpc

from services.identity import api_keys
from services.identity.desk import Desk

Context = grpc.aio.ServicerContext[object, object]
MOST_REVOCATIONS = 10_000
_SHOWN = ("kty", "crv", "x", "y", "kid", "alg", "use")


@dataclass(frozen=True)
class KeyService(rpc.KeyServiceServicer):
    """What every service needs to know who calls."""

    desk: Desk

    async def GetKeySet(
        self, request: messages.GetKeySetRequest, context_: Context
    ) -> messages.GetKeySetResponse:
        keys = await self.desk.keys.public(self.desk.runtime.clock.now())
        shown = [messages.JsonWebKey(**{name: key[name] for name in _SHOWN}) for key in keys]
        return messages.GetKeySetResponse(keys=shown)

    async def CheckApiKey(
        self, request: messages.CheckApiKeyRequest, context_: Context
    ) -> messages.CheckApiKeyResponse:
        return await api_keys.check(self.desk, request.key)

    async def GetRevocations(
        self, request: messages.GetRevocationsRequest, context_: Context
    ) -> messages.GetRevocationsResponse:
        async with self.desk.runtime.database.reading() as reader:
            found, position = await self.desk.sessions.store.revoked(
                reader, request.after, self.desk.now_us(), MOST_REVOCATIONS
            )
        return messages.GetRevocationsResponse(session_ids=found, position=position)
