"""Budgets that are raised and times that are over, in whole jobs."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.dataset import Dataset
from evolution.candidate import Evaluation
from evolution.evaluation import SerialEvaluator
from service.budget_spec import BudgetSpec
from service.runner import budgeted_search, job_run
from service.runner.runner import Runner
from service.settings import Settings
from service.store.budget_repository import BudgetRepository
from service.store.database import Database
from service.store.progress import load_progress
from tests.service.runner.jobs import execute, get, rows, settings_for, submit
from tests.service.runner.processes import start_runner

pytestmark = pytest.mark.slow

LONGER: dict[str, Any] = {
    "dataset": "digits-16x16",
    "space": {"max_layers": 3, "min_units": 16, "max_units": 96},
    "training": {"epochs": 6},
}


@pytest.fixture
def settings(sqlite_url: str, data_dir: Path) -> Settings:
    return settings_for(sqlite_url, data_dir)


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


def raise_budget(database: Database, job_id: str, **budget: int) -> None:
    with database.write() as session:
        budgets = BudgetRepository(session)
        budgets.change(budgets.locked(job_id), BudgetSpec.model_validate(budget).model_dump(mode="json"))


@pytest.mark.parametrize(
    ("strategy", "objectives"),
    [("nsga2", ["score", "parameters"]), ("evolution", ["score", "training_flops"]), ("regularized", ["score"])],
)
def test_every_strategy_ends_with_a_verdict(
    database: Database, settings: Settings, strategy: str, objectives: list[str]
) -> None:
    job = execute(database, settings, submit(database, strategy=strategy, objectives=objectives, budget={"epochs": 40}))

    assert (job.status, job.stop_reason) == ("succeeded", "budget")
    assert job.verdict is not None
    assert job.verdict["evolved"] == "evolution"
    # 13 candidates of 3 epochs are 39, less than the budget.
    assert job.stopped_at == len(rows(database, job.id)["search"][0]) == 14


@pytest.mark.parametrize("look_seconds", [0.0, 1000.0], ids=["noticed at a look", "noticed at the end"])
@pytest.mark.parametrize(
    ("less", "more"), [({"evaluations": 8}, {"evaluations": 20}), ({"epochs": 24}, {"epochs": 60})]
)
def test_a_budget_that_is_raised_on_the_way_gives_the_rows_of_the_larger_one(
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    less: dict[str, int],
    more: dict[str, int],
    look_seconds: float,
) -> None:
    """Raised while the search runs, by a runner that is stopped after every few results."""
    training = {"epochs": 4, "patience": 1}
    whole = rows(database, execute(database, settings, submit(database, training=training, budget=more)).id)
    monkeypatch.setattr(budgeted_search, "LOOK_SECONDS", look_seconds)
    job_id = submit(database, training=training, budget=less)
    stop = threading.Event()
    seen = 0

    class Stopping(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            nonlocal seen
            evaluations = super().wait(timeout)
            seen += 1
            if seen == 6:
                raise_budget(database, job_id, **more)
            if seen % 5 == 0:
                stop.set()
            return evaluations

    with monkeypatch.context() as patch:
        patch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Stopping(dataset))
        for _ in range(4):
            Runner(database, settings, stop).run()
            stop.clear()
    job = execute(database, settings, job_id)

    assert (job.status, job.stop_reason) == ("succeeded", "budget")
    assert job.stopped_at == len(whole["search"][0])
    assert rows(database, job_id) == whole


class Slow(SerialEvaluator):
    """Sets the clock of the search forward, so that nobody has to wait."""

    def __init__(self, dataset: Dataset, clock: "Clock") -> None:
        super().__init__(dataset)
        self._clock = clock

    def wait(self, timeout: float) -> list[Evaluation]:
        self._clock.now += 10
        return super().wait(timeout)


class Clock:
    """A monotonic clock that goes on by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_a_limit_in_seconds_ends_the_search_and_is_kept_over_restarts(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every training takes ten seconds on the search's clock; the limit is over within the fifth."""
    job_id = submit(database, parallelism=2, budget={"evaluations": 30, "max_seconds": 45})
    clock = Clock()
    monkeypatch.setattr(budgeted_search, "time", clock)
    stop = threading.Event()
    waits = 0

    class Stopping(Slow):
        def wait(self, timeout: float) -> list[Evaluation]:
            nonlocal waits
            waits += 1
            if waits in (2, 4, 6):
                stop.set()
            return super().wait(timeout)

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Stopping(dataset, clock))
    while not get(database, job_id).finished:
        clock.now += 100_000  # between two runners no time counts
        stop.clear()
        runner = threading.Thread(target=Runner(database, settings, stop).run)
        runner.start()
        while runner.is_alive() and not get(database, job_id).finished:
            runner.join(0.02)
        stop.set()
        runner.join()
    job = get(database, job_id)

    assert (job.status, job.stop_reason) == ("succeeded", "time")
    assert job.stopped_at == len(rows(database, job_id)["search"][0])
    assert 5 <= job.stopped_at <= 9
    assert 45 <= job.search_seconds <= 65
    # What came of it is what a budget of so many evaluations gives.
    monkeypatch.undo()
    whole = execute(database, settings, submit(database, parallelism=2, budget={"evaluations": job.stopped_at}))

    assert rows(database, job_id) == rows(database, whole.id)
    assert whole.stop_reason == "budget"


def test_a_limit_that_comes_when_nothing_is_left_to_begin_ends_nothing(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(budgeted_search, "time", clock)
    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Slow(dataset, clock))
    job = execute(database, settings, submit(database, parallelism=8, budget={"evaluations": 8, "max_seconds": 45}))

    assert (job.stop_reason, job.stopped_at) == ("budget", 8)


def test_a_budget_that_is_raised_between_kills_gives_the_rows_of_the_larger_one(
    database: Database, settings: Settings, sqlite_url: str, data_dir: Path
) -> None:
    """Runner processes are killed with SIGKILL: three before the raise, and three after it."""
    job_id = submit(database, **LONGER, budget={"evaluations": 40})
    counts = iter((3, 8, 14, 22, 45, 60))
    seen = 0
    for kill, count in enumerate(counts, start=1):
        process = start_runner(sqlite_url, data_dir)
        deadline = time.monotonic() + 120
        while seen < count and time.monotonic() < deadline:
            time.sleep(0.01)
            with database.read() as session:
                seen = load_progress(session, job_id, "search").evaluated
        process.kill()
        process.wait()
        if kill == 3:
            raise_budget(database, job_id, evaluations=70)
    job = execute(database, settings, job_id)
    whole = execute(database, settings, submit(database, **LONGER, budget={"evaluations": 70}))

    assert job.stopped_at == 70
    assert rows(database, job_id) == rows(database, whole.id)
