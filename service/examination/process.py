"""Starts the process that examines candidates, hears what it says, and ends it at its limits.

It gets no environment but what makes it find our packages and compute as a worker does, and its task on stdin; what
goes wrong in it becomes a sentence.
"""

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from service.examination.limits import ProcessLimits
from service.examination.order import Order

ROOT: Final = Path(__file__).parents[2]
"""The folder that holds the packages, whatever the current one is."""

_BLOCK: Final = 65_536
_KEPT_BYTES: Final = 4_096
_MAX_LINE: Final = 100_000
_HANDED_ON: Final = ("OPENBLAS_CORETYPE", "OPENBLAS_VERBOSE")
"""What decides with which kernels BLAS computes, and so the bits."""

log = logging.getLogger(__name__)

Hear = Callable[[Mapping[str, Any]], None]


class ProcessEnded(Exception):
    """The process ended before it had done everything; the message says why, for whoever waits for it."""


class ExaminationProcess:
    """One process, for candidates of one job; `stop` may be called from any thread."""

    def __init__(self, orders: Mapping[str, Order], folder: Path, datasets: Path, limits: ProcessLimits) -> None:
        self._limits = limits
        self._task = {
            "orders": {key: order.to_json() for key, order in orders.items()},
            "folder": str(folder.absolute()),
            "datasets": str(datasets.absolute()),
            "memory_bytes": limits.memory_bytes,
            "processor_seconds": limits.processor_seconds,
            "parent": os.getpid(),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    @property
    def command(self) -> list[str]:
        """What is started."""
        return [sys.executable, "-P", "-m", "service.examination"]

    def run(self, hear: Hear) -> None:
        """Start it and hear what it says until it ends. Raises ProcessEnded, and OSError where it cannot start."""
        environment = {
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            **{name: os.environ[name] for name in _HANDED_ON if name in os.environ},
        }
        # A file, not a pipe: a process that never reads its task is then noticed like any other that hangs.
        with (
            _file_of(self._task) as task,
            subprocess.Popen(  # noqa: S603 (our own interpreter and module; no input takes part in the command)
                self.command,
                env=environment,
                stdin=task,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            ) as process,
        ):
            self._process = process
            if self._stopped:
                self.stop()
            try:
                in_time, errors = self._listen(process, time.monotonic() + self._limits.wall_seconds, hear)
            finally:
                self.stop()
                process.wait()
        self._judge(process.returncode, in_time, errors)

    def stop(self) -> None:
        """End the process and whatever it started: its group bears its number until it has been waited for."""
        self._stopped = True
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _listen(self, process: "subprocess.Popen[bytes]", deadline: float, hear: Hear) -> tuple[bool, bytes]:
        """Return whether it closed its output before the deadline, and the end of what it said about errors."""
        errors, line = bytearray(), bytearray()
        with selectors.DefaultSelector() as selector:
            for name, pipe in (("lines", process.stdout), ("errors", process.stderr)):
                if pipe is not None:
                    selector.register(pipe, selectors.EVENT_READ, name)
            while selector.get_map():
                left = deadline - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready:
                    return False, bytes(errors)
                for key, _ in ready:
                    block = os.read(key.fd, _BLOCK)
                    if not block:
                        selector.unregister(key.fileobj)
                    elif key.data == "errors":
                        errors += block
                        del errors[:-_KEPT_BYTES]
                    else:
                        line = _hear_lines(line + block, hear)
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False, bytes(errors)
        return True, bytes(errors)

    def _judge(self, code: int, in_time: bool, errors: bytes) -> None:
        if code == 0 and in_time:
            return
        if not in_time:
            raise ProcessEnded(
                f"the process that trains it again was ended after {self._limits.wall_seconds:g} seconds, before "
                "it had finished; the machine may be busy"
            )
        log.warning("the process that examines ended with %d: %s", code, errors.decode(errors="replace"))
        if code == -signal.SIGXCPU:
            raise ProcessEnded(
                f"training it again took more than the {self._limits.processor_seconds} seconds of processor time that "
                "an examination may use"
            )
        if code == -signal.SIGABRT or any(sign in errors for sign in (b"MemoryError", b"bad_alloc", b"failed to map")):
            raise ProcessEnded("the training does not fit into the memory that an examination may use")
        if code < 0:
            raise ProcessEnded("the process that trains it again was killed, perhaps because memory ran out")
        raise ProcessEnded("the process that trains it again failed; the log of the service says how")


def _file_of(task: Mapping[str, Any]) -> IO[bytes]:
    """Return a file without a name that holds a task, to be read from its beginning."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever gets it closes it
    file.write(json.dumps(task).encode("ascii"))
    file.seek(0)
    return file


def _hear_lines(text: bytearray, hear: Hear) -> bytearray:
    *lines, rest = text.split(b"\n")
    for line in lines:
        # Nobody else writes there; a line that is cut by the end of the process is none.
        said = json.loads(line)
        hear(said)
    if len(rest) > _MAX_LINE:
        raise ProcessEnded("the process that trains it again said something that nobody understands")
    return bytearray(rest)
