"""The services of the mesh, a folder each: they share contracts and `mesh`, never each other's code."""

import os

from mesh.certificates import tls13

# Here, because it must be before anything imports grpc.
tls13.prepare(os.environ)
