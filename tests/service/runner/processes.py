"""Runner processes for the tests, started as the service starts them, so that they can be killed."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.cli.supervisor import RUNNER


def environment(database_url: str, data_dir: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process of the service that trains in the runner itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CAMBRIAN_")}
    return inherited | {
        "CAMBRIAN_DATABASE_URL": database_url,
        "CAMBRIAN_DATA_DIR": str(data_dir),
        "CAMBRIAN_EVALUATOR": "serial",
        **more,
    }


def start_runner(database_url: str, data_dir: Path, **more: str) -> "subprocess.Popen[bytes]":
    """Start a runner process; whoever starts it ends it."""
    return subprocess.Popen(
        RUNNER,
        env=environment(database_url, data_dir, **more),
        cwd=tempfile.gettempdir(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def runners(count: int, database_url: str, data_dir: Path, **more: str) -> "Iterator[list[subprocess.Popen[bytes]]]":
    """Run several runner processes, and kill what is left of them."""
    started = [start_runner(database_url, data_dir, **more) for _ in range(count)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()
