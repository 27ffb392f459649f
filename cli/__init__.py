"""The command `mootion`."""

import os

from mesh.certificates import tls13

# Here, because it must be before anything imports grpc.
tls13.prepare(os.environ)
