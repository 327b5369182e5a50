"""`python -m benchmarks.search`: our search strategies and the peers on tables of real trainings.

The tables are trained once (about 20 minutes of one core for digits and spirals) and kept in the cache; a build that
was cut goes on where it was. docs/search-benchmark.md says how to read the figures.
"""

import argparse
import datetime
import importlib.metadata
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.search.contest import games, play_in_turn, play_with_processes
from benchmarks.search.data import SUBJECTS
from benchmarks.search.optuna_peers import NOTE, has_optuna
from benchmarks.search.plot import draw
from benchmarks.search.problem import Problem
from benchmarks.search.report import Results, lines
from benchmarks.search.strategies import ABLATIONS, CHAMPION, OURS, PEERS, STRATEGIES
from benchmarks.search.table import load_or_build, report_progress

# Between the limits that are printed, so that the picture has lines.
DRAWN_LIMITS = (5, 10, 15, 30, 40, 70)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "cambrian", help="where the tables lie")
    parser.add_argument("--datasets", nargs="+", choices=SUBJECTS, default=["digits", "spirals"])
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=[*PEERS, *OURS], metavar="NAME")
    parser.add_argument("--ablations", action="store_true", help="also play ours with one of its parts taken away")
    parser.add_argument("--champion", choices=STRATEGIES, default=CHAMPION, metavar="NAME", help="whom ratios refer to")
    parser.add_argument("--repeats", type=int, default=30, help="at least 30 for figures to be quoted")
    parser.add_argument("--limits", nargs="+", type=int, default=[20, 50, 100], help="in full trainings")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, default=Path("search-benchmark.json"), help="where the figures go")
    parser.add_argument("--plot", type=Path, default=Path("search-benchmark.svg"), help="an SVG or PNG")
    parser.add_argument("--build-only", action="store_true", help="build the tables and play nothing")
    arguments = parser.parse_args()
    if min(arguments.repeats, arguments.jobs, *arguments.limits) < 1:
        parser.error("--repeats, --jobs and --limits must be 1 or more")
    return arguments


def _problems(names: list[str], cache: Path) -> dict[str, Problem]:
    problems = {}
    for name in names:
        print(f"the table of {name} ...", file=sys.stderr)
        problems[name] = Problem(load_or_build(SUBJECTS[name](), cache, progress=report_progress))
        table = problems[name].table
        summary = ", ".join(f"{key} {value:.2f}" for key, value in table.summary().items())
        print(f"{name}: {summary}; {table.seconds:.0f} s of training, {table.fingerprint[:16]}")
    return problems


def _versions() -> dict[str, str]:
    found = {}
    for name in ("numpy", "deap", "optuna"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _draw(results: Results, path: Path) -> list[str]:
    try:
        draw(results, path)
    except ImportError:
        return ["matplotlib is not installed, so there is no plot; `pip install 'cambrian[data]'` brings it"]
    return []


def main() -> None:
    arguments = _arguments()
    problems = _problems(arguments.datasets, arguments.cache)
    if arguments.build_only:
        return
    notes = []
    strategies = [*arguments.strategies, *(ABLATIONS if arguments.ablations else ())]
    if not has_optuna() and any(STRATEGIES[name].needs_optuna for name in strategies):
        strategies = [name for name in strategies if not STRATEGIES[name].needs_optuna]
        notes.append(NOTE)
    limits = sorted(set(arguments.limits))
    played_limits = sorted({*limits, *(limit for limit in DRAWN_LIMITS if limit < max(limits))})
    planned = games(strategies, arguments.datasets, arguments.repeats)
    started = time.monotonic()
    if arguments.jobs > 1:
        played = play_with_processes(planned, problems, played_limits, arguments.jobs)
    else:
        played = play_in_turn(planned, problems, played_limits)
    results = Results(_announced(played, len(planned)))
    notes += _draw(results, arguments.plot)
    report: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": _versions(),
        "repeats": arguments.repeats,
        "seconds": time.monotonic() - started,
        "tables": {
            name: {"fingerprint": problem.table.fingerprint, "seconds": problem.table.seconds} | problem.table.summary()
            for name, problem in problems.items()
        },
        "notes": notes,
        "results": results.to_json(),
    }
    arguments.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"\n{report['date']}, {report['versions']}, {arguments.repeats} repeats\n")
    for line in lines(results, limits, arguments.champion):
        print(line)
    for note in notes:
        print(f"note: {note}")


def _announced(played: Any, total: int) -> Any:
    """Pass the games on, and say on standard error when a strategy begins on a problem."""
    last = None
    for number, (game, marks) in enumerate(played):
        if (game.strategy, game.problem) != last:
            print(f"game {number + 1} of {total}: {game.strategy} on {game.problem} ...", file=sys.stderr, flush=True)
            last = game.strategy, game.problem
        yield game, marks


if __name__ == "__main__":
    main()
