"""`python -m benchmarks.search.real_runs`: our evolution against Optuna's TPE in real trainings, to the test rows.

The same core, the same space, the same number of epochs and the same final phase; five search seeds per data set.
docs/search-benchmark.md says how to read the figures.
"""

import argparse
import datetime
import importlib.metadata
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.search.optuna_peers import NOTE, has_optuna
from benchmarks.search.real_runs.final_phase import SeedOutcome, final_phase
from benchmarks.search.real_runs.report import lines, to_json
from benchmarks.search.real_runs.searches import evolve, optimize_by_tpe
from benchmarks.search.real_runs.task import TASKS, Task, load_task


def run(task: Task, seed: int, trainings: int, *, with_optuna: bool) -> SeedOutcome:
    """Search with one seed, ours first, then TPE for as many epochs as ours took; then the final phase of all."""
    found = [evolve(task, seed, trainings)]
    if with_optuna:
        epochs = found[0].epochs
        found += [optimize_by_tpe(task, seed, epochs, with_anchors=given) for given in (False, True)]
    return final_phase(task, seed, found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search.real_runs", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "cambrian", help="where data are kept")
    parser.add_argument("--datasets", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=5, help="searches of each kind and data set, at least 2")
    parser.add_argument("--trainings", type=int, default=64, help="of our evolution; the others get its epochs")
    parser.add_argument("--json", type=Path, default=Path("build/real-runs.json"), help="where the figures go")
    arguments = parser.parse_args()
    if arguments.seeds < 2 or arguments.trainings < 1:
        parser.error("--seeds must be 2 or more and --trainings 1 or more")
    return arguments


def _versions() -> dict[str, str]:
    names = ("numpy", "deap", "optuna", "scikit-learn")
    return {name: importlib.metadata.version(name) for name in names if _installed(name)}


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def main() -> None:
    arguments = _arguments()
    with_optuna = has_optuna()
    started = time.monotonic()
    results: dict[str, list[SeedOutcome]] = {}
    for name in arguments.datasets:
        task = load_task(name, arguments.cache)
        results[name] = []
        for seed in range(arguments.seeds):
            print(f"{name}, search seed {seed} of 0 to {arguments.seeds - 1} ...", file=sys.stderr, flush=True)
            results[name].append(run(task, seed, arguments.trainings, with_optuna=with_optuna))
    report: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": _versions(),
        "trainings": arguments.trainings,
        "seconds": time.monotonic() - started,
        "notes": [] if with_optuna else [NOTE],
        "results": {name: to_json(outcomes) for name, outcomes in results.items()},
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"\n{report['date']}, {report['versions']}, {arguments.seeds} search seeds, {report['seconds']:.0f} s\n")
    for line in lines(results):
        print(line)
    for note in report["notes"]:
        print(f"note: {note}")


if __name__ == "__main__":
    main()
