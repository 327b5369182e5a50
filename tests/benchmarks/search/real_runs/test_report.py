import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.search.optuna_peers import NOTE, has_optuna
from benchmarks.search.real_runs.final_phase import ArmOutcome, SeedOutcome
from benchmarks.search.real_runs.report import accuracy, adjusted, difference, lines
from benchmarks.search.real_runs.searches import EVOLUTION, TPE, Found
from core.architecture import Architecture
from evolution.ledger import LedgerEntry

ROOT = Path(__file__).parents[4]
ROWS = 100


def invented(ours: list[int], theirs: list[int]) -> list[SeedOutcome]:
    """One search for each pair of numbers of rows that were answered correctly."""

    def arm(right: int) -> ArmOutcome:
        return ArmOutcome(Architecture((2,), (), 2), (np.arange(ROWS) < right).astype(np.float64))

    found = (Found(EVOLUTION, (), (), 1.0), Found(TPE, (), (), 1.0))
    return [
        SeedOutcome(seed, found, {EVOLUTION: arm(one), TPE: arm(other)}, LedgerEntry())
        for seed, (one, other) in enumerate(zip(ours, theirs, strict=True))
    ]


def test_intervals_are_students_t_over_the_searches_and_differences_are_paired() -> None:
    outcomes = invented([80, 90, 85], [79, 88, 82])
    found = difference(outcomes, TPE).searches

    assert accuracy(outcomes, EVOLUTION).mean == pytest.approx(0.85)
    # Differences of 1, 2 and 3 points: standard error 1 / sqrt(3), and 4.3027 is t's quantile with 2 degrees.
    assert (found.mean, found.low, found.high) == pytest.approx((0.02, 0.02 - 0.024841, 0.02 + 0.024841), abs=1e-6)
    # t = 2 sqrt(3), and with 2 degrees p = 1 - t / sqrt(t^2 + 2).
    assert found.p_value == pytest.approx(1 - (12 / 14) ** 0.5)


def test_p_values_are_corrected_for_the_number_of_data_sets() -> None:
    results = {"one": invented([80, 90, 85], [79, 88, 82]), "other": invented([80, 90, 85], [81, 89, 85])}
    alone = difference(results["one"], TPE).searches.p_value

    assert adjusted(results, TPE) == pytest.approx({"one": 2 * alone, "other": 1.0})


def test_a_rival_that_is_always_as_good_is_told_without_an_interval_of_width_zero() -> None:
    told = "\n".join(lines({"one": invented([80, 90], [80, 90])}))

    assert f"| one | {TPE} | 85.0 % (21.5 to 100.0) | ±0.0 points (after every search) | p = 1.00 (p = 1.00)" in told


@pytest.mark.slow
def test_the_command_prints_the_tables_and_writes_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "figures" / "real-runs.json"
    command = [sys.executable, "-m", "benchmarks.search.real_runs", "--cache", str(tmp_path), "--json", str(path)]
    options = ["--datasets", "breast-cancer", "--seeds", "2", "--trainings", "2"]
    answer = subprocess.run(command + options, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = json.loads(path.read_text(encoding="utf-8"))["results"]["breast-cancer"]

    assert (TPE in answer.stdout) == (TPE in figures["accuracy"]) == has_optuna()
    assert (NOTE in answer.stdout) != has_optuna()
    assert [seed["searches"][EVOLUTION]["epochs"] for seed in figures["seeds"]] == [60, 60]
    assert figures["accuracy"][EVOLUTION]["mean"] > 0.9
