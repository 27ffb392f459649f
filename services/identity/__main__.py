"""Wires the identity service: `python -m services.identity`."""

import asyncio
import random

from mootion.identity.v1 import (
    account_service_pb2,
    admin_service_pb2,
    identity_service_pb2,
    key_service_pb2,
)
from mootion.identity.v1.account_service_pb2_grpc import add_AccountServiceServicer_to_server
from mootion.identity.v1.admin_service_pb2_grpc import add_AdminServiceServicer_to_server
from mootion.identity.v1.identity_service_pb2_grpc import add_IdentityServiceServicer_to_server
from mootion.identity.v1.key_service_pb2_grpc import add_KeyServiceServicer_to_server

from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.identity.account_service import AccountService
from services.identity.admin_service import AdminService
from services.identity.desk import Desk
from services.identity.identity_service import IdentityService
from services.identity.key_service import KeyService
from services.identity.upkeep import forget_ended

UPKEEP_SECONDS = 600.0


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""
    desk = Desk.build(runtime)

    async def start() -> None:
        # Signing in, a unit of work by then, finds the first key, which takes one to make.
        await desk.keys.signing_key(runtime.clock.now())

    async def stop() -> None:
        desk.passwords.close()

    return Parts(
        name="identity",
        servicers=[
            Servicer(
                IdentityService(desk),
                add_IdentityServiceServicer_to_server,
                identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"],
            ),
            Servicer(
                AccountService(desk),
                add_AccountServiceServicer_to_server,
                account_service_pb2.DESCRIPTOR.services_by_name["AccountService"],
            ),
            Servicer(
                AdminService(desk),
                add_AdminServiceServicer_to_server,
                admin_service_pb2.DESCRIPTOR.services_by_name["AdminService"],
            ),
            Servicer(
                KeyService(desk),
                add_KeyServiceServicer_to_server,
                key_service_pb2.DESCRIPTOR.services_by_name["KeyService"],
            ),
        ],
        tasks=[lambda: _upkeep(desk)],
        start=start,
        stop=stop,
    )


async def _upkeep(desk: Desk) -> None:
    """Rotates keys and removes what has ended, every ten minutes or so."""
    while True:
        await desk.keys.rotate_if_old(desk.runtime.clock.now())
        await forget_ended(desk)
        await asyncio.sleep(UPKEEP_SECONDS * random.uniform(0.5, 1.5))


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
