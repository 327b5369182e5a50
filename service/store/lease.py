"""Who holds a job, and the clock by which it does.

A runner holds a job for some seconds and renews that while it lives. Three things make it safe:

- Every claim bumps the job's lease number, and every write of a runner names its number. A runner that was paused past
  its lease finds that its number is old, and writes nothing (a fencing token).
- The clock does not jump. PostgreSQL is asked for the time of its own machine. SQLite lives on one machine, whose clock
  since boot is used: it never goes back, and counts on while the machine sleeps. Another boot id means another boot,
  which no lease survives.
- A runner that is known to be dead is not waited for: its identity names its process so exactly (host, boot, process
  number, start) that another runner on the same machine can see that it is gone.
"""

import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

_IDENTITY: Final = re.compile(r"(?P<host>\S+) boot (?P<boot>\S+) pid (?P<pid>[0-9]+) started (?P<started>[0-9]+)")
_UNKNOWN_START: Final = 0
# A killed process stays in the table as a zombie until its parent asks how it ended; it runs no more.
_REMAINS: Final = (b"Z", b"X")


@dataclass(frozen=True, slots=True)
class RunnerIdentity:
    """A process, named so that no other one on any machine ever has the same name.

    `host` is where its number means something (a host name, and on Linux the namespace of processes: containers may
    share host name and boot), `started` is in clock ticks since boot, 0 where the system does not tell.
    """

    host: str
    boot: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.host} boot {self.boot} pid {self.pid} started {self.started}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gave. Raises ValueError when the text is something else."""
        match = _IDENTITY.fullmatch(text)
        if match is None:
            raise ValueError(f"not the text form of a runner: {text[:80]!r}")
        return cls(match["host"], match["boot"], int(match["pid"]), int(match["started"]))

    @classmethod
    def of_this_process(cls) -> Self:
        """Return the identity of the process that asks."""
        found = _process(os.getpid())
        return cls(_host(), boot_id(), os.getpid(), found[1] if found else _UNKNOWN_START)

    def is_here(self) -> bool:
        """Whether the process is one of this machine, since it started last."""
        return (self.host, self.boot) == (_host(), boot_id())

    def known_dead(self) -> bool:
        """Whether the process is gone for sure; False when this machine cannot know."""
        if not self.is_here():
            return False
        found = _process(self.pid)
        if found is None:
            # No /proc, or one that hides the processes of others.
            return not _number_in_use(self.pid)
        state, started = found
        return state in _REMAINS or self.started not in {_UNKNOWN_START, started}


def known_dead(runner: str) -> bool:
    """Whether the runner of this text form is gone for sure; False for a form that another release may have written."""
    try:
        return RunnerIdentity.parse(runner).known_dead()
    except ValueError:
        return False


@cache
def boot_id() -> str:
    """Return a text that is the same for all processes of this machine until it starts again."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        pass
    if sys.platform == "darwin":
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    return "unknown"


def seconds_since_boot() -> float:
    """Return the time that no change of the wall clock touches, and that goes on while the machine is suspended."""
    # macOS has no CLOCK_BOOTTIME; there CLOCK_MONOTONIC itself counts on during sleep.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@cache
def _host() -> str:
    name = re.sub(r"\s", "-", socket.gethostname()) or "unnamed"
    try:
        return f"{name}/{re.sub(r'[^0-9]', '', os.readlink('/proc/self/ns/pid'))}"
    except OSError:
        return name


def _process(pid: int) -> tuple[bytes, int] | None:
    """Return the state of a process and when it started, in clock ticks since boot; None when it cannot be seen."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return fields[0], int(fields[19])


def _number_in_use(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
