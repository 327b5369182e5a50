"""`python -m tests.service.api.fuzzing`: strangers' requests, made from the description of the API.

The real service with its runner, on PostgreSQL, is asked by Schemathesis: what its examples say, every limit of every
field and what lies beyond, random bodies, and chains in which one answer feeds the next request. Any answer that the
description does not promise fails, and so does every 5xx.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from service.cli.serve import LISTENS
from tests.postgres import running

SCHEMATHESIS: Final = Path(sys.executable).parent / "schemathesis"
# Two checks ask for more than a description can say: that whatever fits the schema is accepted (a page token must be
# one that was given, a limit may depend on the data set), and that what belongs to a job is there as soon as it is.
BEYOND_A_DESCRIPTION: Final = "positive_data_acceptance,ensure_resource_availability"
# What is too long or too large is refused as well, with an answer of its own.
REFUSALS: Final = (400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 422, 428, 429, 431)
CONFIGURATION: Final = f"[checks.negative_data_rejection]\nexpected-statuses = {[str(one) for one in REFUSALS]}\n"
GENERATED: Final = re.compile(r"(\d+) generated")


def fuzz(url: str, folder: Path, *, seconds: int, seed: int, examples: int = 100) -> tuple[int, int, str]:
    """Ask the service at `url` for so long; return the exit code, the number of requests, and what was printed."""
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    command = [str(SCHEMATHESIS), "run", f"{url}/openapi.json", "--no-color", "--continue-on-failure"]
    command += ["--checks", "all", "--exclude-checks", BEYOND_A_DESCRIPTION, "--warnings", "off"]
    command += ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(examples)]
    # The stream of a job that goes on does not end; a page of its events does.
    command += ["--header", "Accept: application/json", "--request-timeout", "20"]
    command += ["--max-time", str(seconds), "--seed", str(seed)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    generated = GENERATED.search(done.stdout)
    return done.returncode, int(generated[1]) if generated else 0, done.stdout + done.stderr


@contextmanager
def service(url: str, folder: Path) -> Iterator[str]:
    """Run `cambrian serve` with its runner on the database at `url`, and yield its address."""
    environment = os.environ | {
        "CAMBRIAN_DATABASE_URL": url,
        "CAMBRIAN_DATA_DIR": str(folder),
        "CAMBRIAN_EVALUATOR": "serial",
        "CAMBRIAN_LOG_LEVEL": "error",
    }
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli.main", "serve", "--port", "0"],
            env=environment,
            stdout=log,
            stderr=subprocess.PIPE,
        )
        try:
            yield _address(process)
        finally:
            process.send_signal(signal.SIGTERM)
            # Reads what is left of its messages, so that it can end.
            process.communicate(timeout=30)


def _address(process: "subprocess.Popen[bytes]") -> str:
    assert process.stderr is not None

    for line in process.stderr:
        if LISTENS.encode() in line:
            return line.decode().partition(LISTENS)[2].split()[0]
    raise AssertionError("the service did not start")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.service.api.fuzzing", description=__doc__)
    parser.add_argument("--seconds", type=int, default=420)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with (
        running() as postgres,
        tempfile.TemporaryDirectory() as folder,
        service(postgres.create("fuzzing"), Path(folder)) as url,
    ):
        code, requests, printed = fuzz(url, Path(folder), seconds=arguments.seconds, seed=arguments.seed)
    sys.stdout.write(f"{printed}\n{requests:,} requests\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
