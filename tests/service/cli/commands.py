"""The `cambrian` command as a user runs it: a process, with its exit code, output and messages."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from service.cli.serve import LISTENS

CAMBRIAN = Path(sys.executable).parent / "cambrian"


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Return this process's environment without Cambrian's variables, but for those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CAMBRIAN_")}
    return inherited | {"CAMBRIAN_DATA_DIR": str(data_dir), "CAMBRIAN_EVALUATOR": "serial", **more}


def cambrian(
    *arguments: str, env: Mapping[str, str], cwd: Path | None = None, stdin: str = "", seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        [CAMBRIAN, *arguments],
        env=dict(env),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


@dataclass(frozen=True, slots=True)
class Service:
    """A running `cambrian serve`, and what it has written to stderr."""

    url: str
    process: "subprocess.Popen[str]"
    said: list[str]


@contextmanager
def serving(env: Mapping[str, str], *arguments: str, cwd: Path | None = None) -> Iterator[Service]:
    """Run `cambrian serve` on a free port, and end it at the end."""
    process = subprocess.Popen(
        [CAMBRIAN, "serve", "--port", "0", *arguments],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    reader = None
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith(LISTENS):
                break
        else:
            raise AssertionError("the service did not start:\n" + "".join(said))
        # A full pipe would stop the service, so somebody reads on.
        reader = Thread(target=said.extend, args=(process.stderr,), daemon=True)
        reader.start()
        yield Service(line.removeprefix(LISTENS).split()[0], process, said)
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()
            if reader is not None:
                reader.join()
            if process.stderr is not None:
                process.stderr.close()
