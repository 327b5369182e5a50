"""The containers of docker-compose.yml as plain processes: the same commands with exactly their environment.

What only a container has is replaced: names of machines by 127.0.0.1, published and well-known ports by free ones, the
paths of secrets and data by folders of the test, and /tmp by a folder with a short name, as Ray's sockets need.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.compose import ROOT, image_environment, services
from tests.postgres import Postgres, running

PROGRAMS: Final = Path(sys.executable).parent
SECONDS: Final = 90.0


@dataclass
class Rehearsal:
    """Where the parts of the containers lie here; `processes` are those that are running, by a name of their own."""

    folder: Path
    api_port: int
    ray_port: int
    processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def environment(self, service: str) -> dict[str, str]:
        """Return what the container's processes find in their environment, and where the test's programs are."""
        machine = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        image = image_environment() | {"PATH": machine["PATH"]}
        given = {name: self._here(value) for name, value in services()[service].get("environment", {}).items()}
        mapped = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "RAY_TMPDIR": str(self.folder)}
        return machine | image | {"CAMBRIAN_DATA_DIR": str(self.folder / "data")} | given | mapped

    def command(self, service: str) -> list[str]:
        """Return the container's command."""
        return self._words(services()[service]["command"])

    def healthcheck(self, service: str) -> list[str]:
        """Return the command that tells whether the container is healthy."""
        return self._words(services()[service]["healthcheck"]["test"][1:])

    def run(self, service: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run a container that ends by itself."""
        return subprocess.run(
            [*self.command(service), *more],
            env=self.environment(service),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def start(self, service: str, name: str | None = None) -> "subprocess.Popen[bytes]":
        """Start a container that lasts."""
        name = name or service
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                self.command(service),
                env=self.environment(service),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.processes[name]

    def wait_until_healthy(self, service: str, name: str | None = None) -> None:
        """Ask the health check until it is content, as the engine does."""
        name = name or service
        deadline = time.monotonic() + SECONDS
        while True:
            done = subprocess.run(
                self.healthcheck(service),
                env=self.environment(service),
                cwd=self.folder,
                capture_output=True,
                check=False,
            )
            if done.returncode == 0:
                return
            assert self.processes[name].poll() is None, self.log(name)
            assert time.monotonic() < deadline, done.stderr.decode() + self.log(name)
            time.sleep(0.2)

    def wait_for_line(self, name: str, line: str) -> None:
        """Wait until a container has written a line."""
        deadline = time.monotonic() + SECONDS
        while line not in self.log(name):
            assert self.processes[name].poll() is None, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.1)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self, name: str, seconds: float = 15) -> int:
        """Ask a container to stop, as the engine does, and return how it ended."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            return process.wait(seconds)
        finally:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End what is still running, what was started last first."""
        for name in reversed(list(self.processes)):
            self.stop(name)

    def _words(self, command: Sequence[str]) -> list[str]:
        words = [self._here(word) for word in command]
        if words[:2] == ["ray", "start"]:
            # All machines of the rehearsal are this one.
            words.append("--node-ip-address=127.0.0.1")
        return words

    def _here(self, value: str) -> str:
        value = value.replace("/run/secrets/", f"{self.secrets}/").replace(
            "ray-head:6379", f"127.0.0.1:{self.ray_port}"
        )
        value = re.sub(r"^--port=6379$", f"--port={self.ray_port}", value)
        # Compose's own variables are not set.
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        return re.sub(r"^8642$", str(self.api_port), value)


@contextmanager
def database_container(secrets: Path) -> Iterator[Postgres]:
    """Run PostgreSQL as its container does: the settings of its command, and the script for an empty volume."""
    service = services()["postgres"]
    words = service["command"]
    assert words[0] == "postgres"
    settings = dict(word.split("=", 1) for word in words[1:] if word != "-c")
    with running(password=(secrets / "postgres_password").read_text(), settings=settings) as server:
        scripts = [volume.split(":") for volume in service["volumes"] if "docker-entrypoint-initdb.d" in volume]
        for source, _, mode in scripts:
            assert mode == "ro"
            _psql(server, ROOT / source, {"CAMBRIAN_DATABASE_PASSWORD_FILE": str(secrets / "database_password")})
        yield server


def _psql(server: Postgres, script: Path, environment: Mapping[str, str]) -> None:
    psql = shutil.which("psql") or str(server.binaries / "psql")
    subprocess.run(
        [psql, "--set=ON_ERROR_STOP=1", "--no-psqlrc", "--quiet", f"--file={script}", server.url("postgres")],
        env={"PATH": os.environ["PATH"], **environment},
        check=True,
    )
