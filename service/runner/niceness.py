"""Whatever is trained must not slow down the API on the same machine."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

NICENESS: Final = 5
"""Of the runner's own process; Ray's workers are nicer still."""

SESSION_NICENESS: Final = 10
_AUTOGROUP: Final = Path("/proc/self/autogroup")


def give_way() -> None:
    """Let other processes go first, also those of other sessions.

    Where Linux groups processes by session (sched_autogroup_enabled, the usual setting), the niceness of a process
    counts within its session alone, and the session of a supervised runner is its own. The session as a whole then has
    a niceness too; it is lowered where nobody else is in it, which leaves a terminal as it is.
    """
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        # Not on Linux, or not with these groups.
        with suppress(OSError):
            _AUTOGROUP.write_text(str(SESSION_NICENESS), encoding="ascii")
