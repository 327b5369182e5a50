"""What a process does to itself before it works for somebody else: end with its parent, and bound what it takes."""

import ctypes
import os
import resource
import signal
from contextlib import suppress
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_GRACE_SECONDS: Final = 5


def end_with_parent(parent: int) -> None:
    """Let the kernel end this process with the one that waits for it; only Linux can."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was gone before the kernel knew.
        os._exit(1)


def limit(memory_bytes: int, processor_seconds: int) -> None:
    """Let the kernel end this process when it takes more; no image of its memory is ever written to the disk."""
    for name, most, end in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        # At the first of them comes SIGXCPU, which tells the reason; SIGKILL at the second does not.
        (resource.RLIMIT_CPU, processor_seconds, processor_seconds + _GRACE_SECONDS),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(name, (most, end))
