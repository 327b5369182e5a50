"""Jobs that are paused on their way and go on later, executed by a runner in this process on both databases."""

import threading
from pathlib import Path

import pytest

from evolution.candidate import Evaluation
from evolution.evaluation import SerialEvaluator
from service.runner import job_run
from service.runner import runner as runner_module
from service.runner.heartbeat import Heartbeat
from service.runner.runner import Runner
from service.settings import Settings
from service.store.database import Database
from service.store.entities import Job, JobStatus
from service.store.job_control import JobControl
from tests.service.runner.jobs import execute, get, network_of, rows, settings_for, submit, without_seconds
from tests.service.store.samples import claim

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(database_url: str, data_dir: Path) -> Settings:
    return settings_for(database_url, data_dir)


def pause(database: Database, job_id: str) -> None:
    with database.write() as session:
        JobControl(session).pause(job_id)


def resume(database: Database, job_id: str) -> None:
    with database.write() as session:
        JobControl(session).resume(job_id)


def run_until(database: Database, settings: Settings, job_id: str, status: JobStatus) -> Job:
    """Run a runner in a thread of this process until the job has a status."""
    stop = threading.Event()
    thread = threading.Thread(target=Runner(database, settings, stop).run)
    thread.start()
    try:
        while (job := get(database, job_id)).status != status and not job.finished and thread.is_alive():
            thread.join(0.02)
    finally:
        stop.set()
        thread.join()
    return job


def test_a_paused_and_resumed_job_ends_as_if_nothing_had_happened(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = execute(database, settings, submit(database))
    job_id = submit(database)
    # One pause in the search, one among the finalists, one in the trainings of the verdict.
    phases = ["search", "finalists", "final"]
    places = {("search", 4), ("finalists", 1), ("final", 7)}

    class Pausing(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            evaluations = super().wait(timeout)
            for evaluation in evaluations:
                place = (str(get(database, job_id).phase), evaluation.candidate.number)
                if place in places:
                    places.remove(place)
                    pause(database, job_id)
            return evaluations

    class Hearing(Heartbeat):
        """Hears of a pause at once and not at the next beat, so that it comes where it was asked for."""

        @property
        def pause_requested(self) -> bool:
            return get(database, job_id).pause_requested

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Pausing(dataset))
    monkeypatch.setattr(runner_module, "Heartbeat", Hearing)
    seconds = []
    for phase in phases:
        job = run_until(database, settings, job_id, "paused")

        assert (job.phase, job.lease_runner, job.pause_requested, job.finished) == (phase, None, False, False)
        assert claim(database) is None

        seconds.append(job.search_seconds)
        resume(database, job_id)

        assert get(database, job_id).status == "queued"

    job = execute(database, settings, job_id)

    assert job.status == "succeeded"
    assert places == set()
    # Nothing of the search ran after the second pause.
    assert 0 < seconds[0] < seconds[1] == seconds[2] == job.search_seconds
    assert rows(database, job_id) == rows(database, undisturbed.id)
    assert without_seconds(job.verdict) == without_seconds(undisturbed.verdict)
    assert network_of(database, job_id) == network_of(database, undisturbed.id)


def test_a_running_job_is_paused_within_a_few_beats(database: Database, settings: Settings) -> None:
    job_id = submit(database, budget={"evaluations": 90_000})

    stop = threading.Event()
    thread = threading.Thread(target=Runner(database, settings, stop).run)
    thread.start()
    try:
        while get(database, job_id).phase != "search" and thread.is_alive():
            thread.join(0.02)
        pause(database, job_id)
        while (job := get(database, job_id)).status != "paused" and thread.is_alive():
            thread.join(0.02)
    finally:
        stop.set()
        thread.join()
    _, stored = rows(database, job_id)["search"]

    assert job.lease_runner is None
    assert len(stored) < 90_000


def test_a_pause_that_waits_for_a_runner_comes_before_any_training(database: Database, settings: Settings) -> None:
    job_id = submit(database)
    # Its runner is gone before it has heard of the pause.
    assert claim(database, seconds=0.0) is not None
    pause(database, job_id)

    assert get(database, job_id).pause_requested
    assert run_until(database, settings, job_id, "paused").phase is None
