import pytest

from benchmarks.simulation import comparison
from benchmarks.simulation.comparison import DRIVERS, STRATEGIES, make_search, simulate
from benchmarks.simulation.searches import FreeRunning, Generational
from evolution.virtual_clock_search import VirtualClockSearch
from tests.benchmarks.simulation.builders import workload


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_runs_every_strategy(strategy: str, driver: str) -> None:
    cell = simulate(strategy, driver, 3, 5, workload())

    assert (cell.evaluations, cell.seeds, cell.failed) == (15, 5, 0.0)
    assert 0 < cell.use <= 1
    assert 0 < cell.use_while_fed <= 1
    assert 0 < cell.median <= cell.p99 <= cell.largest


def test_drivers_are_what_they_are_called() -> None:
    kinds = [type(make_search("trivial", driver, rows=100, seed=1, workers=2, evaluations=4)) for driver in DRIVERS]

    assert kinds[0] is FreeRunning
    assert all(issubclass(kind, VirtualClockSearch) for kind in kinds[1:4])
    assert kinds[4:] == [Generational] * 2


@pytest.mark.parametrize(("driver", "at_once"), [("V = P", 4), ("V = 2P", 8), ("V = 3P", 12), ("barrier every 4P", 16)])
def test_as_many_are_proposed_at_once_as_the_driver_says(driver: str, at_once: int) -> None:
    search = make_search("trivial", driver, rows=100, seed=1, workers=4, evaluations=100)
    proposed = 0
    while search.ask() is not None:
        proposed += 1

    assert proposed == at_once


@pytest.mark.parametrize(("most", "seeds"), [(1000, 5), (100, 3), (5, 1)])
def test_many_candidates_get_fewer_seeds(monkeypatch: pytest.MonkeyPatch, most: int, seeds: int) -> None:
    monkeypatch.setattr(comparison, "MOST_CANDIDATES", most)

    assert simulate("trivial", "V = 2P", 3, 10, workload()).seeds == seeds
