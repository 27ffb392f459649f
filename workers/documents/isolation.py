"""Takes network, programs, processes and every change of a file away from the reading child, by a system call filter
(seccomp)."""

import ctypes
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
# Instructions of the classic packet filter.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT, _ARGUMENT_BYTES = 0, 4, 16, 8  # in struct seccomp_data
# Fail with EPERM, or with ENOSYS, after which the C library makes threads by `clone`, whose flags can be seen.
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050026
_OTHER_NUMBERING = 0x40000000  # x32
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_THREAD = 0x00010000
_CLONE3 = 435


@dataclass(frozen=True)
class _Judged:
    """A call that is judged by the bits of one of its arguments: refused where any is set, or where none is."""

    number: int
    argument: int
    bits: int
    refused_if_set: bool


@dataclass(frozen=True)
class _Machine:
    """System calls of one kind of machine: its audit number, calls that fail always, and those that are judged."""

    architecture: int
    refused: Sequence[int]
    judged: Sequence[_Judged]


# In this order: socket, socketpair, execve, execveat, ptrace, fork, vfork, kill, tkill; process_vm_readv and _writev,
# io_uring_setup (it does what it is asked past this filter), bpf, perf_event_open, userfaultfd, keyctl, unshare, setns,
# mount; openat2 (its flags are out of sight), creat, truncate, ftruncate; unlink, rmdir, rename, link, symlink, mkdir
# and mknod; chmod, chown, utime and setxattr.
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        (
            *(41, 53, 59, 322, 101, 57, 58, 62, 200),
            *(310, 311, 425, 321, 298, 323, 250, 272, 308, 165),
            *(437, 85, 76, 77, 87, 263, 84, 82, 264, 316, 86, 265, 88, 266, 83, 258, 133, 259),
            *(90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190),
        ),
        (
            _Judged(2, 1, _TO_WRITE, True),
            _Judged(257, 2, _TO_WRITE, True),
            _Judged(56, 0, _THREAD, False),
        ),
    ),
    "aarch64": _Machine(
        0xC00000B7,
        (
            *(198, 199, 221, 281, 117, 129, 130),
            *(270, 271, 425, 280, 241, 282, 219, 97, 268, 40),
            *(437, 45, 46, 35, 38, 276, 37, 36, 34, 33),
            *(52, 53, 452, 55, 54, 88, 5, 6, 7),
        ),
        (_Judged(56, 2, _TO_WRITE, True), _Judged(220, 0, _THREAD, False)),
    ),
}


def forbid_all_but_reading() -> bool:
    """Makes sockets, new programs and processes, tracing, signals to others, and whatever changes a file or its name
    fail with EPERM for good. Reading, threads and memory go on.

    False where the machine or the system has no such filter; the other limits hold there all the same.
    """
    known = _MACHINES.get(os.uname().machine)
    if known is None:
        return False
    code = _filter(known)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0) == 0)


def _filter(machine: _Machine) -> bytes:
    """Refuses these calls and every call of another architecture or numbering; allows the others.

    It ends in three returns, and a jump counts the instructions that it leaves out.
    """
    allow = 5 + 3 * len(machine.judged) + len(machine.refused)
    refuse, unknown = allow + 1, allow + 2
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 0, refuse - 2, machine.architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_IF_AT_LEAST, refuse - 4, 0, _OTHER_NUMBERING),
        (_JUMP_IF_EQUAL, unknown - 5, 0, _CLONE3),
    ]
    for call in machine.judged:
        # Another call goes on with its number loaded still; this one ends in one of the returns.
        steps.append((_JUMP_IF_EQUAL, 0, 2, call.number))
        steps.append((_LOAD, 0, 0, _ARGUMENTS_AT + _ARGUMENT_BYTES * call.argument))
        if_set, if_not = (refuse, allow) if call.refused_if_set else (allow, refuse)
        after = len(steps) + 1
        steps.append((_JUMP_IF_ANY_BIT, if_set - after, if_not - after, call.bits))
    for number in machine.refused:
        steps.append((_JUMP_IF_EQUAL, refuse - len(steps) - 1, 0, number))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _UNKNOWN)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
