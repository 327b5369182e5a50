import math
from pathlib import Path

import pytest

from benchmarks.search.contest import Game, Played, games, play_in_turn, play_with_processes
from benchmarks.search.game import Mark, Standing
from benchmarks.search.plot import draw
from benchmarks.search.problem import Problem
from benchmarks.search.report import Results, lines
from tests.benchmarks.search.tiny import tiny_table

RANDOM, OURS = "random search", "Cambrian random"


def invented(strategy: str, problem: str, regrets: list[float]) -> list[Played]:
    """Games whose marks are given, to check the arithmetic behind the figures."""
    return [
        (
            Game(strategy, problem, repeat),
            [Mark(measure, 20, Standing(regret, 0.5, 0.9, 20)) for measure in ("trainings", "epochs", "flops")],
        )
        for repeat, regret in enumerate(regrets)
    ]


def test_a_cell_has_mean_and_standard_error_of_the_repeats() -> None:
    results = Results(invented(RANDOM, "digits", [1.0, 2.0, 3.0]))
    cell = results.cells["epochs", "digits", RANDOM, 20]

    assert cell.text("regret") == f"2.00 ± {math.sqrt(1 / 3):.2f}"
    assert cell.to_json()["regret"] == {"mean": 2.0, "standard_error": pytest.approx(math.sqrt(1 / 3))}
    assert cell.to_json()["regrets"] == [1.0, 2.0, 3.0]


def test_ratios_divide_mean_regrets_and_their_mean_is_geometric() -> None:
    played = invented(RANDOM, "digits", [2.0, 4.0]) + invented(RANDOM, "spirals", [12.0])
    played += invented(OURS, "digits", [1.0, 2.0]) + invented(OURS, "spirals", [1.5])
    results = Results(played)
    row = next(line for line in lines(results, [20], OURS) if line.startswith("| random search | 2.0"))

    assert results.ratio("epochs", "digits", RANDOM, OURS, 20) == 2.0
    assert row == "| random search | 2.0 | 8.0 | 2.0 | 8.0 | 4.0 | 4.0 |"


def test_a_champion_without_regret_has_no_ratio() -> None:
    results = Results(invented(RANDOM, "digits", [2.0]) + invented(OURS, "digits", [0.0]))

    assert results.ratio("epochs", "digits", RANDOM, OURS, 20) is None
    assert "| random search | - | - | - | - |" in list(lines(results, [20], OURS))


@pytest.mark.slow
def test_a_contest_is_played_printed_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    planned = games([RANDOM, OURS], ["blobs"], 3)
    results = Results(play_in_turn(planned, {"blobs": Problem(tiny_table())}, [5, 50]))
    text = "\n".join(lines(results, [5, 50], OURS))
    draw(results, tmp_path / "plot.svg")

    assert results.strategies == [RANDOM, OURS]
    assert len(results.to_json()) == 2 * 3 * 2
    assert all(cell.regret and min(cell.regret) >= 0 for cell in results.cells.values())
    assert "share of the table's hypervolume" in text
    assert OURS in (tmp_path / "plot.svg").read_text(encoding="utf-8")


@pytest.mark.slow
def test_processes_play_the_same_games() -> None:
    problems = {"blobs": Problem(tiny_table())}
    planned = games([RANDOM, OURS], ["blobs"], 2)

    assert list(play_with_processes(planned, problems, [5], 2)) == list(play_in_turn(planned, problems, [5]))
