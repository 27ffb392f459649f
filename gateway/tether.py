"""Becomes another program that ends when the process that started it ends, however that ends.

python gateway/tether.py PARENT_PID PROGRAM ARGUMENT...
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """The signal is armed before the check, so that a parent that died in between is noticed too."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        sys.exit(f"prctl(PR_SET_PDEATHSIG) failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit("the parent process ended first")
    os.execv(program, sys.argv[2:])


if __name__ == "__main__":
    main()
