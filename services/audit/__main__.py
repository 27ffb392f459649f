"""Wires the audit service: `python -m services.audit`."""

from mootion.audit.v1 import audit_service_pb2
from mootion.audit.v1.audit_service_pb2_grpc import add_AuditServiceServicer_to_server

from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.audit.service import AuditService


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""
    return Parts(
        name="audit",
        servicers=[
            Servicer(
                AuditService(runtime),
                add_AuditServiceServicer_to_server,
                audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"],
            )
        ],
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
