"""How much freed memory the C library keeps for itself."""

import ctypes

# Of malloc.h.
_M_ARENA_MAX = -8
# By default glibc gives each new thread an arena of its own, up to eight for each core, and hands little of what was
# freed in one back to the system. A soak of a whole system took 303 to 347 MiB with that and 278 to 284 MiB with two.
_ARENAS = 2


def keep_few_arenas() -> bool:
    """Has all threads of this process share two arenas; to be called before there are many of them.

    False: the C library has no such choice, as on macOS and with musl.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    return choose is not None and choose(_M_ARENA_MAX, _ARENAS) == 1
