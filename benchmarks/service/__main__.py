"""`python -m benchmarks.service`: how long reads take while a search runs at full load, and while none does."""

import argparse
import datetime
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.__main__ import _processor, _versions
from benchmarks.service.reads import Times, addresses, measure
from benchmarks.service.stored import fill
from service.cli.serve import LISTENS
from service.store.database import Database

START_SECONDS: Final = 120.0
# Ends only when it is cancelled: more than any measurement takes.
LOAD: Final[dict[str, Any]] = {
    "dataset": "digits-16x16",
    "name": "load",
    "parallelism": 8,
    "budget": {"evaluations": 100_000},
    "training": {"epochs": 8},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--candidates", type=int, default=1_000_000, help="stored in one job before the reading begins")
    parser.add_argument("--rounds", type=int, default=300, help="reads of each address, idle and under load")
    parser.add_argument("--databases", nargs="+", choices=("SQLite", "PostgreSQL"), default=["SQLite", "PostgreSQL"])
    parser.add_argument("--json", type=Path, default=Path("service.json"), help="where the figures go")
    arguments = parser.parse_args()
    opened = {"SQLite": _sqlite, "PostgreSQL": _postgresql}
    results = {}
    for name in arguments.databases:
        with opened[name]() as url:
            results[name] = _measure(name, url, arguments.candidates, arguments.rounds)
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "versions": {**_versions(), "sqlite": sqlite3.sqlite_version},
        "results": results,
    }
    arguments.json.write_text(json.dumps(report, indent=1))


def _measure(name: str, url: str, count: int, rounds: int) -> dict[str, Any]:
    _say(f"{name}: storing {count:,} candidates")
    with closing(Database(url)) as database:
        database.upgrade()
        job = fill(database, count)
    with serving(url) as client:
        asked = addresses(client, job)
        measure(client, asked, 5)
        _say(f"{name}: reading while nothing runs")
        idle = measure(client, asked, rounds)
        load = client.post("/v1/jobs", json=LOAD).raise_for_status().json()["id"]
        wait_for_load(client, load)
        _say(f"{name}: reading while a search runs")
        before = _evaluated(client, load), time.monotonic()
        busy = measure(client, asked, rounds)
        rate = (_evaluated(client, load) - before[0]) / (time.monotonic() - before[1])
        client.post(f"/v1/jobs/{load}/cancel").raise_for_status()
    _print(name, idle, busy, rate)
    return {
        "evaluations_per_second": rate,
        "idle": {key: asdict(times) for key, times in idle.items()},
        "busy": {key: asdict(times) for key, times in busy.items()},
    }


def _print(name: str, idle: dict[str, Times], busy: dict[str, Times], rate: float) -> None:
    print(f"\n{name}: milliseconds; the search beside it evaluates {rate:.0f} candidates a second")
    print("| read | idle median | idle p99 | busy median | busy p99 | busy longest | p99 ratio |")
    print("|---|---|---|---|---|---|---|")
    for key, one in idle.items():
        other = busy[key]
        print(
            f"| {key} | {one.median:.1f} | {one.p99:.1f} | {other.median:.1f} | {other.p99:.1f} | {other.longest:.1f} "
            f"| {other.p99 / one.p99:.2f} |"
        )


def wait_for_load(client: httpx.Client, job: str) -> None:
    """Wait until the search that is the load has come forward."""
    deadline = time.monotonic() + START_SECONDS
    while _evaluated(client, job) < 20:
        if time.monotonic() > deadline:
            raise RuntimeError("the search that is to be the load does not come forward")
        time.sleep(0.5)


def _evaluated(client: httpx.Client, job: str) -> int:
    progress = client.get(f"/v1/jobs/{job}").raise_for_status().json()["progress"]
    return next((int(phase["evaluated"]) for phase in progress if phase["phase"] == "search"), 0)


@contextmanager
def serving(url: str) -> Iterator[httpx.Client]:
    """Run the service, as its users do: `cambrian serve` with its runner and Ray."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "CAMBRIAN_DATABASE_URL": url,
            "CAMBRIAN_DATA_DIR": folder,
            "CAMBRIAN_LOG_LEVEL": "error",
        }
        command = (sys.executable, "-m", "service.cli.main", "serve", "--port", "0")
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
        try:
            with httpx.Client(base_url=address_of(process), trust_env=False, timeout=60) as client:
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def address_of(process: "subprocess.Popen[str]") -> str:
    """Return where a service that was started listens."""
    if process.stderr is None:
        raise RuntimeError("the service was started without its messages")
    for line in process.stderr:
        if LISTENS in line:
            return line.partition(LISTENS)[2].split()[0]
    raise RuntimeError("the service did not start")


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/service.db"


@contextmanager
def _postgresql() -> Iterator[str]:
    # The tests know how to start one of their own.
    from tests.postgres import running  # noqa: PLC0415 - it is there in a checkout only

    with running(durable=True) as server:
        yield server.create("service")


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr)


if __name__ == "__main__":
    main()
