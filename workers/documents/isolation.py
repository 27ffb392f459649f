"""Takes network, other programs and other processes away from the reading child, by a system call filter (seccomp)."""

import ctypes
import os
import struct

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # instructions of the classic packet filter
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4  # in struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # the second: fail with EPERM

# By machine: its audit number, and the numbers of socket, socketpair, execve, execveat, ptrace, fork and vfork.
_CALLS = {
    "x86_64": (0xC000003E, (41, 53, 59, 322, 101, 57, 58)),
    "aarch64": (0xC00000B7, (198, 199, 221, 281, 117)),
}


def forbid_network_and_programs() -> bool:
    """Makes sockets, new programs, new processes and tracing fail with EPERM for good.

    False where the machine or the system has no such filter; the other limits hold there all the same.
    """
    known = _CALLS.get(os.uname().machine)
    if known is None:
        return False
    code = _filter(*known)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0) == 0)


def _filter(architecture: int, calls: tuple[int, ...]) -> bytes:
    """Refuses these calls and every call of another architecture; allows the others."""
    last = len(calls)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 0, last + 2, architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    steps += [(_JUMP_IF_EQUAL, last - place, 0, number) for place, number in enumerate(calls)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
