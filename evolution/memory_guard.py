"""Keeps what leaks from taking the whole machine: a limit on what one process may add to its memory.

What a training takes is told beforehand (`evolution.limits`); this is for what it should not take. It therefore stands
a quarter above the limit, so that it never strikes a training whose prediction was a little low: which candidates fail
must not depend on where they are trained.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOM_BYTES = 64 * 2**20
"""For what Python, NumPy and Ray take by themselves meanwhile."""

_DATA = re.compile(r"^VmData:\s+([0-9]+) kB$", re.MULTILINE)


@contextmanager
def memory_guard(limit: int | None) -> Iterator[None]:
    """Let allocations beyond `limit` bytes, with room above it, raise MemoryError; on Linux, where a limit is given."""
    used = _data_bytes() if limit is not None and sys.platform == "linux" else None
    if limit is None or used is None:
        yield
        return
    import resource  # noqa: PLC0415 - not every system has it

    # Not RLIMIT_AS: Ray maps gigabytes that are never used. RLIMIT_DATA counts what can be written to.
    before = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = used + limit + limit // 4 + ROOM_BYTES
    if before[1] != resource.RLIM_INFINITY:
        allowed = min(allowed, before[1])
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _data_bytes() -> int | None:
    """Return the bytes of this process's data, private and writable; None where the system does not tell."""
    try:
        found = _DATA.search(Path("/proc/self/status").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return None if found is None else 1024 * int(found[1])
