"""Searches most of whose trainings fail, and trainings that take too much."""

import threading
from pathlib import Path

import pytest

from core.dataset import Dataset
from evolution.candidate import Evaluation
from evolution.evaluation import SerialEvaluator, failed_evaluation
from evolution.limits import Limits
from service.runner import job_run, verification
from service.runner.endings import JobFailed
from service.runner.failure_budget import FailureBudget
from service.runner.runner import Runner
from service.runner.verification import verify
from service.settings import Settings
from service.store.database import Database
from tests.evolution.builders import candidate, evaluation
from tests.service.runner.jobs import execute, rows, settings_for, submit


@pytest.fixture
def settings(database_url: str, data_dir: Path) -> Settings:
    return settings_for(database_url, data_dir)


def test_the_commonest_reason_is_named_whatever_numbers_it_holds() -> None:
    budget = FailureBudget()
    errors = ["diverged in epoch 2", "worker died twice", "diverged in epoch 13", None]
    for number, error in enumerate(errors):
        of = candidate(number)
        budget.note(evaluation(of) if error is None else evaluation(of, None, error=error))
    budget.check(3)

    with pytest.raises(JobFailed) as caught:
        budget.check(2)

    assert str(caught.value) == (
        "3 of the 4 trainings of the search so far failed, and limits.failures allows 2; the commonest reason "
        "(2 times): diverged in epoch 2"
    )


@pytest.mark.slow
def test_a_search_whose_trainings_fail_ends_before_its_budget(database: Database, settings: Settings) -> None:
    space = {"min_layers": 2, "max_layers": 2, "min_units": 100, "max_units": 128}
    spec = {"space": space, "budget": {"evaluations": 1_000}, "limits": {"failures": 7, "memory_bytes": 1_000_000}}
    job = execute(database, settings, submit(database, **spec))

    assert job.status == "failed"
    assert job.error is not None
    assert job.error.startswith("8 of the ")
    assert (
        "limits.failures allows 7; the commonest reason (8 times): out_of_memory: the training would take" in job.error
    )
    assert len(rows(database, job.id)["search"][1]) < 40


@pytest.mark.slow
def test_failures_count_across_runners_and_only_those_of_the_search(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()

    class Failing(SerialEvaluator):
        """Every other training of the search fails; the first runner is asked to stop after seven."""

        def wait(self, timeout: float) -> list[Evaluation]:
            found = [failed(one) if one.candidate.number % 2 else one for one in super().wait(timeout)]
            if any(one.candidate.number == 7 for one in found):
                stop.set()
            return found

    def failed(one: Evaluation) -> Evaluation:
        if one.candidate.operator in {"finalist", "retrain"}:
            return one
        return failed_evaluation(one.candidate, f"diverged in epoch {one.candidate.number}")

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Failing(dataset))
    enough = execute(database, settings, submit(database, limits={"failures": 6}))
    stop.clear()
    job_id = submit(database, limits={"failures": 5})
    Runner(database, settings, stop).run()
    before = len(rows(database, job_id)["search"][1])
    too_few = execute(database, settings, job_id)

    assert enough.status == "succeeded", enough.error
    assert 0 < before < 12
    assert too_few.status == "failed"
    assert too_few.error is not None
    assert "6 of the 12 trainings" in too_few.error


@pytest.mark.slow
def test_what_failed_by_the_machine_is_stored_and_taken_from_the_record(
    sqlite_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, settings = Database(sqlite_url), settings_for(sqlite_url, data_dir)
    given: list[Limits] = []

    class Slow(SerialEvaluator):
        """A machine on which every fifth training takes too long."""

        def __init__(self, dataset: Dataset, limits: Limits) -> None:
            super().__init__(dataset, limits)
            given.append(limits)
            self.limits = limits

        def wait(self, timeout: float) -> list[Evaluation]:
            return [
                one
                if one.candidate.number % 5 != 4 or one.candidate.operator == "retrain"
                else failed_evaluation(one.candidate, self.limits.timeout(one.candidate))
                for one in super().wait(timeout)
            ]

    with monkeypatch.context() as patch:
        patch.setattr(job_run, "open_evaluator", lambda _settings, dataset, limits: Slow(dataset, limits))
        job = execute(database, settings, submit(database, limits={"seconds": 50}))

    assert job.status == "succeeded", job.error
    assert given[0] == Limits(seconds=50.0, epochs=3)
    failed = [outcome for outcome in rows(database, job.id)["search"][1] if outcome[2] is not None]
    assert [outcome[2] for outcome in failed] == ["timeout: the training was not over after 50 s"] * 2
    # A faster machine would train them; the search had gone on from their failure.
    assert verify(database, settings, job.id, lambda *_progress: None)["search"] == 12

    # What a machine cannot be blamed for is trained again.
    monkeypatch.setattr(verification, "WithRecordedFailures", lambda evaluator, _recorded: evaluator)
    with pytest.raises(verification.Different):
        verify(database, settings, job.id, lambda *_progress: None)

    database.close()
