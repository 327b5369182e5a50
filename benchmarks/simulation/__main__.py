"""`python -m benchmarks.simulation`: searches on up to 10,000 simulated workers, and how fast the driver is."""

import argparse
import datetime
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.__main__ import _processor, _versions
from benchmarks.simulation.comparison import DRIVERS, Cell, simulate
from benchmarks.simulation.recording import Rate, measure
from benchmarks.simulation.workload import Workload
from service.store.database import Database

DESIGNED: Final = Workload()
HARD: Final = Workload(stragglers=0.05, straggling=10.0, deaths=0.02)
UNLIMITED: Final = 1e6
"""More evaluations per second than any driver can ask for."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 16, 128, 1000, 10000])
    parser.add_argument("--per-worker", type=int, default=50, help="candidates for each worker")
    parser.add_argument("--product-workers", type=int, nargs="*", default=[16, 128, 1000], help="of random search")
    parser.add_argument("--evolution-workers", type=int, nargs="*", default=[16, 100], help="of evolution")
    parser.add_argument("--recorded", type=int, default=10_000, help="evaluations to be recorded; 0 leaves this out")
    parser.add_argument("--json", type=Path, default=Path("simulation.json"), help="where the figures go")
    arguments = parser.parse_args()

    def compare(title: str, strategy: str, workload: Workload, numbers: list[int]) -> list[dict[str, object]]:
        cells = []
        for workers in numbers:
            for driver in DRIVERS:
                _say(f"{title}, {workers} workers, {driver}")
                cells.append(simulate(strategy, driver, workers, arguments.per_worker, workload))
        if cells:
            _print(title, cells)
        return [asdict(cell) for cell in cells]

    trivial, hard = "a search that looks at nothing", "the same, with stragglers and deaths"
    random, evolution = "random search", "evolution"

    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "versions": {**_versions(), "sqlite": sqlite3.sqlite_version},
        "load": os.getloadavg(),
        trivial: compare(trivial, "trivial", DESIGNED, arguments.workers),
        hard: compare(hard, "trivial", HARD, [number for number in arguments.workers if number <= 1000]),
        random: compare(random, "random", DESIGNED, arguments.product_workers),
        evolution: compare(evolution, "evolution", DESIGNED, arguments.evolution_workers),
        "recording": [],
    }
    if arguments.recorded:
        report["recording"] = {
            name: [asdict(rate) for rate in _record(name, arguments.recorded, opened)]
            for name, opened in {"SQLite": _sqlite, "PostgreSQL": _postgresql}.items()
        }
    report["load at the end"] = os.getloadavg()
    arguments.json.write_text(json.dumps(report, indent=1))


def _print(title: str, cells: list[Cell]) -> None:
    print(f"\n{title}: share of the ideal throughput (while there is something to begin); proposals in milliseconds")
    print(
        "| workers | candidates x seeds | driver | use | while fed | median | p99 | longest | asks and tells a second |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for cell in cells:
        print(
            f"| {cell.workers:,} | {cell.evaluations:,} x {cell.seeds} | {cell.driver} | {cell.use:.2f} "
            f"| {cell.use_while_fed:.3f} | {cell.median:.3f} | {cell.p99:.2f} | {cell.largest:.0f} "
            f"| {cell.per_second:,.0f} |"
        )


def _record(name: str, evaluations: int, opened: Callable[[], Iterator[Database]]) -> list[Rate]:
    rates = []
    with contextmanager(opened)() as database:
        database.upgrade()
        # The first transactions prepare what all later ones use.
        measure(database, workers=16, evaluations=200, demand=UNLIMITED, batch=50)
        for demand in (UNLIMITED, 1000.0):
            for batch in (50, 200):
                _say(f"recording on {name}")
                rates.append(measure(database, workers=256, evaluations=evaluations, demand=demand, batch=batch))
    print(f"\nRecording on {name}")
    print(
        "| rows of a transaction | demand a second | evaluations a second | use while fed | transactions | ms of one |"
    )
    print("|---|---|---|---|---|---|")
    for rate in rates:
        # With a limited demand the rate is that of the workers, down to the last long training.
        limited = rate.demand < UNLIMITED
        print(
            f"| {rate.batch} | {f'{rate.demand:,.0f}' if limited else 'unlimited'} "
            f"| {'-' if limited else f'{rate.per_second:,.0f}'} | {f'{rate.use_while_fed:.3f}' if limited else '-'} "
            f"| {rate.transactions:,} | {rate.transaction:.1f} |"
        )
    return rates


def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder, closing(Database(f"sqlite:///{folder}/simulation.db")) as database:
        yield database


def _postgresql() -> Iterator[Database]:
    # The tests know how to start one of their own.
    from tests.postgres import running  # noqa: PLC0415 - it is there in a checkout only

    with running(durable=True) as server, closing(Database(server.create("simulation"))) as database:
        yield database


def _say(what: str) -> None:
    print(f"measuring {what} ...", file=sys.stderr)


if __name__ == "__main__":
    main()
