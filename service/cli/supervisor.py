"""Starts the runner beside the web process, and starts it again when it dies."""

import logging
import os
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import NoReturn, Self

from evolution.ray_remains import reap
from service.runner.parent import PARENT_VARIABLE

# -P keeps the current directory off sys.path: a folder named core/ there must not shadow ours.
RUNNER = (sys.executable, "-P", "-m", "service.runner")
STOP_SECONDS = 10.0
LONGEST_BACKOFF_SECONDS = 30.0
HEALTHY_SECONDS = 60.0

log = logging.getLogger(__name__)


class Supervisor:
    """A context in which one runner is alive as a child process.

    A runner that dies is replaced at once; one that dies again and again is replaced ever more slowly, up to every
    30 seconds. On leaving, the runner is asked to stop, and killed if it does not within 10 seconds.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._wanted = wanted
        self.leaving = False
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="runner supervisor", daemon=True)

    def __enter__(self) -> Self:
        if self._wanted:
            self._process = self._start()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leaving = True
        self.stop()
        if self._process is None:
            return
        self._thread.join(STOP_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        # A runner that was killed could not end its Ray.
        reap(None)

    def stop(self) -> None:
        """Ask the runner to stop, without waiting for it; asking again changes nothing."""
        if not self._stopping.is_set():
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()

    def kill(self) -> None:
        """End the runner at once: its job keeps its rows, and the next runner goes on."""
        self._stopping.set()
        if self._process is not None:
            self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        # A session of its own keeps Ctrl-C in the terminal from reaching the runner twice.
        environment = os.environ | {PARENT_VARIABLE: str(os.getpid())}
        return subprocess.Popen(  # noqa: S603 - no input takes part in the command
            RUNNER, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def _watch(self) -> None:
        backoff = 0.0
        while self._process is not None:
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            backoff = (
                0.0 if time.monotonic() - started > HEALTHY_SECONDS else min(backoff * 2 + 0.5, LONGEST_BACKOFF_SECONDS)
            )
            log.warning("the runner ended with code %s; starting another in %.1f s", code, backoff)
            if self._stopping.wait(backoff):
                return
            self._process = self._start()


def become_runner() -> NoReturn:
    """Turn this process into a runner, the same as the supervised one."""
    os.execv(RUNNER[0], RUNNER)  # noqa: S606 (no shell is wanted)
