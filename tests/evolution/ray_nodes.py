"""A Ray cluster of several nodes on this machine, as child processes that are ended by their process numbers.

Never `ray stop`: it ends every Ray process of the machine. Nodes take each other for separate machines; killing one
means killing its raylet and all its workers with SIGKILL, as when a machine loses power.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from time import monotonic, sleep

START_SECONDS = 60


def descendants(pid: int) -> set[int]:
    """Return the process numbers of all children, their children, and so on."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # The name in the second field may hold spaces; what follows the last parenthesis does not.
            state, parent = status.rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(entry.name))
    found: set[int] = set()
    unseen = [pid]
    while unseen:
        for child in children.get(unseen.pop(), []):
            found.add(child)
            unseen.append(child)
    return found


@dataclass(frozen=True)
class RayNodes:
    """A head node and others that join it; `token_path` is what all of them and the driver share."""

    address: str
    token_path: Path
    folder: Path
    processes: list[subprocess.Popen[bytes]]

    def add(self, cpus: int) -> subprocess.Popen[bytes]:
        """Start a node that joins the head."""
        process = self._start(cpus, ["--address", self.address])
        self._wait(process, "start the node")
        return process

    def start_head(self, cpus: int) -> None:
        """Start the head node."""
        host, port = self.address.split(":")
        process = self._start(
            cpus, ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        )
        self._wait(process, f"start the head node at {host}")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a node and everything on it, as when a machine loses power."""
        for pid in [process.pid, *descendants(process.pid)]:
            _signal(pid, signal.SIGKILL)
        process.wait()
        self.processes.remove(process)

    def close(self) -> None:
        """End all nodes, the head last."""
        for process in reversed(list(self.processes)):
            self.kill(process)

    def _start(self, cpus: int, options: list[str]) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.token_path),
            "RAY_USAGE_STATS_ENABLED": "0",
            # A killed node is declared dead after about three seconds; by default it takes half a minute.
            "RAY_health_check_initial_delay_ms": "1000",
            "RAY_health_check_period_ms": "1000",
            "RAY_health_check_timeout_ms": "3000",
            "RAY_health_check_failure_threshold": "3",
        }
        command = [str(Path(sys.executable).with_name("ray")), "start", "--block", "--node-ip-address=127.0.0.1"]
        command += [f"--num-cpus={cpus}", "--object-store-memory=100000000", *options]
        with (self.folder.parent / f"node-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        self.processes.append(process)
        return process

    def _wait(self, process: subprocess.Popen[bytes], task: str) -> None:
        log = self.folder.parent / f"node-{len(self.processes) - 1}.log"
        deadline = monotonic() + START_SECONDS
        while b"Ray runtime started." not in log.read_bytes():
            if process.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"could not {task}:\n{log.read_text()}")
            sleep(0.1)


@contextmanager
def ray_nodes(folder: Path, cpus: int) -> Iterator[RayNodes]:
    """Run a head node with so many CPUs in a short-named folder; end everything at the end."""
    token_path = folder / "token"
    token_path.touch(mode=0o600)
    token_path.write_text("0123456789abcdef" * 4)
    with create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    nodes = RayNodes(f"127.0.0.1:{port}", token_path, folder / "r", [])
    try:
        nodes.start_head(cpus)
        yield nodes
    finally:
        nodes.close()


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
