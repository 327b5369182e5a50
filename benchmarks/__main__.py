"""`python -m benchmarks`: ours and the peers, interleaved in one process for each BLAS setting; a table and JSON."""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import convolution, digits
from benchmarks.cases import CASES, STACK, Case
from benchmarks.contestants import PEERS, matrix_products, ours, ours_stacked, peers_at_hand
from benchmarks.jax_peer import ONE_THREAD, jax_compile_seconds
from benchmarks.measuring import blas, ratios, summary, take_turns

# "native" lets OpenBLAS choose its kernels by processor; "pinned" holds it to AVX2.
BLAS_SETTINGS = {"native": None, "pinned": "Haswell"}
# Times faster, single and per network of a stack: native / pinned.
GOALS = {
    "64 b32": "6 / 5, stacked 10",
    "64 b128": "4.4 / 3.3, stacked 8",
    "256 b128": "2.4 / 1.7, stacked 3",
    "784 b128": "1.9 / 1.2",
}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in ("numpy", "scikit-learn", "torch", "jax"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _measure_case(case: Case, rounds: int) -> dict[str, Any]:
    peers, _ = peers_at_hand()
    runs = {"ours": ours(case), "products": matrix_products(case)}
    stacked = ours_stacked(case)
    if stacked is not None:
        runs["stacked"] = stacked
    runs |= {name: contestant(case) for name, contestant in peers.items()}
    seconds = take_turns(runs, rounds)
    per_step = {name: summary([1e6 * value / case.steps for value in values]) for name, values in seconds.items()}
    if stacked is not None:
        per_step["stacked"] = {key: value / STACK for key, value in per_step["stacked"].items()}
    faster = {name: ratios(seconds[name], seconds["ours"]) for name in peers}
    if stacked is not None:
        faster |= {f"{name}, stacked": ratios(seconds[name], seconds["stacked"], STACK) for name in peers}
        faster["single, stacked"] = ratios(seconds["ours"], seconds["stacked"], STACK)
    return {
        "case": case.name,
        "goal": GOALS[f"{case.inputs} b{case.batch}"],
        "microseconds_per_step": per_step,
        "times_faster_than": faster,
        "share_of_product_limit": ratios(seconds["products"], seconds["ours"]),
        "compile_seconds": {"JAX": jax_compile_seconds(case)} if "JAX" in peers else {},
    }


def _measure(setting: str, rounds: int, *, with_digits: bool) -> dict[str, Any]:
    peers, notes = peers_at_hand()
    result = {
        "setting": setting,
        "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE"),
        "cases": [_measure_case(case, rounds) for case in CASES],
        "convolution": convolution.measure(rounds, with_torch="torch" in peers),
        "digits": [],
        "notes": notes,
    }
    if with_digits:
        try:
            result["digits"] = digits.measure()
        except ImportError:
            notes.append("the digits need scikit-learn")
    # Last, because a library is seen only after it was loaded.
    result["blas"] = blas()
    return result


def _cell(values: dict[str, float] | None) -> str:
    return "-" if values is None else f"{values['median']:.1f} ({values['min']:.1f}-{values['max']:.1f})"


def _print(report: dict[str, Any]) -> None:
    print(f"{report['date']}, {report['processor']}, {report['versions']}, {report['rounds']} rounds")
    print("median (min-max) of the rounds; microseconds of CPU per step and network; times faster than the peer\n")
    for result in report["results"]:
        print(f"BLAS {result['setting']}: OPENBLAS_CORETYPE={result['OPENBLAS_CORETYPE']}, {result['blas']}")
        columns = [column for name in PEERS for column in (name, f"{name}, stacked")] + ["single, stacked"]
        print("| case | ours us | stack of 8 us | " + " | ".join(columns) + " | share of GEMM limit | goal |")
        print("|" + "---|" * (len(columns) + 5))
        for row in result["cases"]:
            steps, faster = row["microseconds_per_step"], row["times_faster_than"]
            cells = [_cell(steps["ours"]), _cell(steps.get("stacked"))]
            cells += [_cell(faster.get(column)) for column in columns]
            share = row["share_of_product_limit"]["median"]
            print(f"| {row['case']} | {' | '.join(cells)} | {share:.0%} | {row['goal']} |")
        for row in result["convolution"]:
            times = _cell(row["times_faster_than"].get("torch"))
            print(f"convolution: {row['case']}: {_cell(row['microseconds_per_step']['ours'])} us, torch {times}")
        compiling = [row["compile_seconds"]["JAX"] for row in result["cases"] if row["compile_seconds"]]
        if compiling:
            print(f"JAX, compiling each new network (not in its figures): {min(compiling):.1f}-{max(compiling):.1f} s")
        for row in result["digits"]:
            print(
                f"digits: {row['name']}: {row['accuracy']:.2%} (mean {row['mean_accuracy']:.2%}) in "
                f"{row['milliseconds']:.1f} ms ({row['fastest']:.1f}-{row['slowest']:.1f})"
            )
        for note in result["notes"]:
            print(f"note: {note}")
        print()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds per case, at least 5 for figures to be quoted")
    parser.add_argument("--json", type=Path, default=Path("benchmarks.json"), help="where the figures go")
    parser.add_argument("--no-digits", action="store_true", help="leave the 30 splits of digits out")
    parser.add_argument("--setting", choices=BLAS_SETTINGS, help="one BLAS setting, in this process; prints JSON")
    arguments = parser.parse_args()
    if arguments.setting:
        json.dump(_measure(arguments.setting, arguments.rounds, with_digits=not arguments.no_digits), sys.stdout)
        return
    results = []
    for setting, core_type in BLAS_SETTINGS.items():
        # OpenBLAS and the thread pools read these when they are loaded, hence a process of its own.
        # Whatever else is set for OpenBLAS, its cache sizes for one, would make the figures another machine's.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment["XLA_FLAGS"] = ONE_THREAD
        if core_type is not None:
            environment["OPENBLAS_CORETYPE"] = core_type
        command = [sys.executable, "-m", "benchmarks", "--setting", setting, "--rounds", str(arguments.rounds)]
        command += ["--no-digits"] if arguments.no_digits else []
        print(f"measuring with BLAS {setting} ...", file=sys.stderr)
        child = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
        results.append(json.loads(child.stdout))
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "versions": _versions(),
        "rounds": arguments.rounds,
        "results": results,
    }
    arguments.json.write_text(json.dumps(report, indent=1))
    _print(report)


if __name__ == "__main__":
    main()
