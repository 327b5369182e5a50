"""A Ray node beside a driver: without processors, it only lets the driver take part in a cluster of other machines.

Ray lets a program into a cluster only through a node on the same machine. A runner that is a machine of its own, as in
a container, therefore starts one. It lives no longer than the driver: the kernel ends it with the thread that started
it.
"""

import ctypes
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from evolution.errors import EvaluatorUnavailable

STARTED = b"Ray runtime started."
START_SECONDS = 60.0
STOP_SECONDS = 5.0
OBJECT_STORE_BYTES = 200_000_000
"""Room for the dataset, which the driver puts once."""

_PR_SET_PDEATHSIG = 1


@contextmanager
def own_node(address: str, folder: Path) -> Iterator[None]:
    """Run a node without processors that has joined the cluster at `address`; `folder` gets its log.

    Raises EvaluatorUnavailable when the node does not start.
    """
    log = folder / "node.log"
    # The name of the folder on the command line is what `ray_remains` finds the process by.
    command = [sys.executable, "-P", "-m", "evolution.ray_node", f"{folder}/", str(os.getpid()), address]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program; the address has been checked
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _await_start(process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_start(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = monotonic() + START_SECONDS
    while STARTED not in log.read_bytes():
        if process.poll() is not None or monotonic() > deadline:
            lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise EvaluatorUnavailable(f"a node of the runner's own did not start: {lines[-1][:200]}")
        sleep(0.05)


def main() -> None:
    """Become the node: `ray start --block`, which ends with the thread that started this process."""
    _folder, parent, address = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the runner is gone")
    sys.argv = ["ray", "start", "--block", f"--address={address}", "--num-cpus=0"]
    sys.argv += [f"--object-store-memory={OBJECT_STORE_BYTES}", "--disable-usage-stats"]
    runpy.run_module("ray.scripts.scripts", run_name="__main__")


if __name__ == "__main__":
    main()
