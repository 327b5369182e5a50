"""Whole jobs, executed by a runner in this process on both databases."""

import io
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from core.architecture import Architecture
from core.dataset import Dataset
from core.export import load_network
from core.training import TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.errors import EvaluatorUnavailable
from evolution.evaluation import Evaluator, SerialEvaluator, failed_evaluation
from evolution.limits import Limits
from service.data.prepared import load_dataset
from service.errors import DatabaseUnavailable
from service.runner import job_run
from service.runner import runner as runner_module
from service.runner.heartbeat import Heartbeat
from service.runner.rivals import Rival, fit_rival
from service.runner.runner import Runner
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import Lease
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.models import jobs
from service.store.queue import Queue
from service.store.rival_repository import RivalFit
from tests.service.runner.jobs import execute, get, network_of, rows, settings_for, submit, without_seconds

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(database_url: str, data_dir: Path) -> Settings:
    return settings_for(database_url, data_dir)


def test_a_job_ends_with_a_verdict_and_the_network_that_it_speaks_of(database: Database, settings: Settings) -> None:
    job_id = submit(database)

    job = execute(database, settings, job_id)

    assert (job.status, job.stop_reason, job.error) == ("succeeded", "budget", None)
    assert job.verdict is not None
    names = [arm["name"] for arm in job.verdict["arms"]]
    assert [name for name in names if name not in {"smallest", "usual_design"}] == [
        "evolution",
        "random_search",
        "logistic_regression",
        "hand_100",
        "hand_128_64",
    ]
    network = load_network(io.BytesIO(network_of(database, job_id)))
    with database.read() as session:
        stored = DatasetRepository(session).get("digits-8x8")
    assert network.architecture.to_json() == job.verdict["arms"][0]["architecture"]
    dataset = load_dataset("digits-8x8", settings.data_dir / "datasets")
    assert stored.fingerprint == job.dataset_fingerprint == dataset.fingerprint
    # The downloaded network takes raw inputs, and answers the test rows as the final phase recorded.
    assert dataset.test is not None
    answers = network.predict(dataset.test.inputs).astype("<u2").tobytes()
    assert answers in [outcome[-1] for outcome in rows(database, job_id)["final"][1]]


def test_the_ledger_gives_random_search_at_least_the_epochs_of_evolution(
    database: Database, settings: Settings
) -> None:
    job = execute(database, settings, submit(database, training={"epochs": 6, "patience": 1}))

    assert job.verdict is not None
    epochs = {arm["name"]: arm["search"]["epochs"] for arm in job.verdict["arms"]}
    evolution, random_search = epochs["evolution"], epochs["random_search"]
    assert evolution <= random_search < evolution + 6 * 4


def test_the_test_rows_are_not_there_before_the_final_phase(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []

    class Watching(SerialEvaluator):
        def __init__(self, dataset: Dataset) -> None:
            super().__init__(dataset)
            self.has_test_rows = dataset.test is not None

        def use(self, dataset: Dataset) -> None:
            super().use(dataset)
            self.has_test_rows = dataset.test is not None

        def submit(self, candidate: Candidate) -> None:
            seen.append((self.has_test_rows, candidate.operator == "retrain"))
            super().submit(candidate)

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Watching(dataset))

    assert execute(database, settings, submit(database)).status == "succeeded"
    assert {retrained for has_test_rows, retrained in seen if has_test_rows} == {True}
    assert {retrained for has_test_rows, retrained in seen if not has_test_rows} == {False}


def test_a_random_search_needs_no_second_one_beside_it(database: Database, settings: Settings) -> None:
    job = execute(database, settings, submit(database, strategy="random"))

    assert job.verdict is not None
    assert job.verdict["evolved"] == "random_search"
    assert [arm["name"] for arm in job.verdict["arms"]].count("random_search") == 1
    assert rows(database, job.id)["baseline"] == ([], [])


def test_a_space_that_is_exhausted_ends_the_search_with_a_reason(database: Database, settings: Settings) -> None:
    space = {"max_layers": 1, "min_units": 4, "max_units": 5, "activations": ["relu"]}
    job = execute(database, settings, submit(database, space=space))

    assert (job.status, job.stop_reason) == ("succeeded", "space exhausted")
    assert len(rows(database, job.id)["search"][1]) == 3


def test_a_job_whose_candidates_all_diverge_fails_and_says_why(database: Database, settings: Settings) -> None:
    training = {"epochs": 3, "optimizer": "sgd", "learning_rate": 10.0, "schedule": "constant", "momentum": 0.99}
    space = {"min_layers": 2, "max_layers": 2, "min_units": 64, "max_units": 64, "activations": ["relu"]}
    job = execute(database, settings, submit(database, training=training, space=space))

    assert job.status == "failed"
    assert job.error is not None
    assert "diverged" in job.error


def test_a_stopped_runner_leaves_the_job_to_the_next_one(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows(database, execute(database, settings, submit(database)).id)
    stop = threading.Event()

    class Stopping(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            evaluations = super().wait(timeout)
            if evaluations and evaluations[0].candidate.number == 5:
                stop.set()
            return evaluations

    job_id = submit(database)
    with monkeypatch.context() as patch:
        patch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Stopping(dataset))
        Runner(database, settings, stop).run()

    stopped = get(database, job_id)
    assert (stopped.status, stopped.lease_runner) == ("running", None)
    assert 0 < len(rows(database, job_id)["search"][1]) < 12
    assert execute(database, settings, job_id).status == "succeeded"
    assert rows(database, job_id) == whole


def test_a_cancelled_job_keeps_its_rows_and_no_network(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(database, budget={"evaluations": 5000})

    class Cancelling(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            evaluations = super().wait(timeout)
            if evaluations and evaluations[0].candidate.number == 3:
                with database.write() as session:
                    JobRepository(session).request_cancel(job_id)
            return evaluations

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Cancelling(dataset))
    job = execute(database, settings, job_id)

    assert (job.status, job.verdict, job.lease_runner) == ("cancelled", None, None)
    assert len(rows(database, job_id)["search"][1]) >= 4


WITH_RIVALS = {"verdict": {"seeds": 5, "rivals": True}}


def fitted(monkeypatch: pytest.MonkeyPatch, after_each: Callable[[int], None]) -> list[tuple[str, int]]:
    """Have every fit noted, and something done after it."""
    done: list[tuple[str, int]] = []

    def fit_and_note(rival: Rival, dataset: Dataset, seed: int, seed_index: int) -> RivalFit:
        fit = fit_rival(rival, dataset, seed, seed_index)
        done.append((rival.name, seed_index))
        after_each(len(done))
        return fit

    monkeypatch.setattr(job_run, "fit_rival", fit_and_note)
    return done


def test_other_methods_are_fitted_once_per_seed_and_told(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = fitted(monkeypatch, lambda _count: None)
    job = execute(database, settings, submit(database, **WITH_RIVALS))

    assert job.verdict is not None
    assert done == [(name, seed) for name in ("mlp", "random_forest") for seed in range(5)] + [("svc", 0)]
    assert [(rival["name"], rival["fits"], rival["seeds"]) for rival in job.verdict["rivals"]] == [
        ("mlp", 5, 5),
        ("random_forest", 5, 5),
        ("svc", 1, 5),
    ]
    assert {one["rival"] for one in job.verdict["comparisons"]} >= {"mlp", "random_forest", "svc"}
    with database.read() as session:
        told = [event.data for event in EventRepository(session).after(job.id, 0) if event.type == "rival"]
    assert [(data["name"], data["seed_index"]) for data in told] == done


def test_between_two_fits_a_runner_stops_and_the_next_one_goes_on(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = execute(database, settings, submit(database, **WITH_RIVALS))
    stop = threading.Event()
    job_id = submit(database, **WITH_RIVALS)
    done = fitted(monkeypatch, lambda count: stop.set() if count == 3 else None)
    Runner(database, settings, stop).run()

    assert len(done) == 3
    assert get(database, job_id).status == "running"
    job = execute(database, settings, job_id)
    assert len(done) == len(set(done)) == 11
    assert without_seconds(job.verdict) == without_seconds(whole.verdict)


def test_between_two_fits_a_job_can_be_cancelled(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(database, **WITH_RIVALS)
    # The heartbeat hears of it.
    monkeypatch.setattr(Heartbeat, "cancel_requested", property(lambda _self: len(done) >= 2))
    done = fitted(monkeypatch, lambda _count: None)
    job = execute(database, settings, job_id)

    assert (job.status, job.verdict) == ("cancelled", None)
    assert len(done) == 2


def test_the_finalists_of_both_searches_meet_without_the_test_rows(database: Database, settings: Settings) -> None:
    job = execute(database, settings, submit(database))
    candidates, outcomes = rows(database, job.id)["finalists"]

    assert job.verdict is not None
    rounds = job.verdict["finalists"]
    assert [(each["finder"], len(each["finalists"])) for each in rounds] == [("evolution", 2), ("random_search", 2)]
    networks = {json.dumps(one["architecture"]) for each in rounds for one in each["finalists"]}
    assert {json.dumps(one.architecture.to_json()) for one in candidates} == networks
    assert len(candidates) == 2 * len(networks)
    assert not any(candidate.predict_test for candidate in candidates)
    assert {candidate.training.epochs for candidate in candidates} == {6}
    assert len(outcomes) == len(candidates)


def test_finalists_that_all_diverge_fail_the_job_and_say_what_to_do(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Diverging(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            return [
                replace(one, fitness=None, error="diverged in epoch 2", epochs=2, network=None)
                if one.candidate.operator == "finalist"
                else one
                for one in super().wait(timeout)
            ]

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Diverging(dataset))
    job = execute(database, settings, submit(database))

    assert job.status == "failed"
    assert job.error is not None
    assert "lower training.learning_rate or final.epochs" in job.error


def test_rows_that_another_release_planned_fail_the_job(database: Database, settings: Settings) -> None:
    job_id = submit(database)
    with database.write() as session:
        lease = Queue(session).claim(RunnerIdentity.of_this_process(), 0.0)
        assert lease is not None
        architecture = Architecture((8, 8), (), 10)
        stored = Candidate(0, (), "retrain", 5, architecture, TrainingConfig(epochs=3), predict_test=True)
        CandidateRepository(session).record(lease, "final", [stored], [])
    job = execute(database, settings, job_id)

    assert job.status == "failed"
    assert job.error is not None
    assert "the rows of phase final do not fit this release" in job.error


def test_a_mistake_of_ours_fails_the_job_and_not_the_runner(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            raise ZeroDivisionError("/secret/path")

    job_id = submit(database)
    with monkeypatch.context() as patch:
        patch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Broken(dataset))
        job = execute(database, settings, job_id)

    assert job.status == "failed"
    assert job.error == "unexpected error: ZeroDivisionError; the runner's log says where"


def test_an_evaluator_that_breaks_is_replaced_while_the_job_comes_forward(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows(database, execute(database, settings, submit(database)).id)
    opened = []

    class Breaking(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            if self.trained == 5:
                raise EvaluatorUnavailable("the cluster went away")
            self.trained += 1
            return super().wait(timeout)

        trained = 0

    def open_evaluator(_settings: Settings, dataset: Dataset, _limits: Limits) -> Evaluator:
        opened.append(Breaking(dataset))
        return opened[-1]

    monkeypatch.setattr(job_run, "open_evaluator", open_evaluator)
    job = execute(database, settings, submit(database))

    assert job.status == "succeeded"
    assert len(opened) > 2
    assert rows(database, job.id) == whole


def test_an_evaluator_that_never_works_fails_the_job_with_its_reason(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing(SerialEvaluator):
        def submit(self, candidate: Candidate) -> None:
            raise EvaluatorUnavailable("Ray could not be started: no memory")

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Missing(dataset))
    monkeypatch.setattr(job_run, "LOCAL_SECONDS", 0.5)
    job = execute(database, settings, submit(database))

    assert (job.status, job.error) == ("failed", "Ray could not be started: no memory")


def test_a_cluster_that_is_away_for_a_while_costs_no_job(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows(database, execute(database, settings, submit(database)).id)
    tries = []

    def open_evaluator(_settings: Settings, dataset: Dataset, _limits: Limits) -> Evaluator:
        tries.append(dataset)
        if len(tries) < 3:
            raise EvaluatorUnavailable("the cluster could not be joined: connection refused")
        return SerialEvaluator(dataset)

    monkeypatch.setattr(job_run, "open_evaluator", open_evaluator)
    joined = settings.model_copy(update={"ray_address": "127.0.0.1:6379"})
    job = execute(database, joined, submit(database))

    assert job.status == "succeeded"
    assert rows(database, job.id) == whole


def test_a_job_whose_spec_this_release_cannot_read_fails_and_blocks_nobody(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        poison = JobRepository(session).create("newer", "digits-8x8", {"format": 2, "dataset": "digits-8x8"}, 0)
    good = submit(database)

    assert execute(database, settings, good).status == "succeeded"
    failed = get(database, poison.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert "/format" in failed.error


def test_a_job_that_kills_every_runner_fails_at_last(database: Database, settings: Settings) -> None:
    job_id = submit(database)
    for _ in range(job_run.MOST_FRUITLESS_CLAIMS):
        with database.write() as session:
            lease = Queue(session).claim(RunnerIdentity.of_this_process(), 0.0)
            assert lease is not None

    job = execute(database, settings, job_id)

    assert job.status == "failed"
    assert job.error is not None
    assert "10 runners in a row" in job.error


def test_a_job_that_was_cancelled_between_two_runners_is_not_begun_again(
    database: Database, settings: Settings
) -> None:
    job_id = submit(database)
    with database.write() as session:
        assert Queue(session).claim(RunnerIdentity.of_this_process(), 0.0) is not None
        JobRepository(session).request_cancel(job_id)

    assert execute(database, settings, job_id).status == "cancelled"
    assert rows(database, job_id)["search"] == ([], [])


def test_a_seed_that_the_machine_lost_is_left_out_for_every_arm(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Losing(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            return [
                failed_evaluation(one.candidate, "worker died twice")
                if one.candidate.operator == "retrain" and one.candidate.number == 7
                else one
                for one in super().wait(timeout)
            ]

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Losing(dataset))
    job = execute(database, settings, submit(database))

    assert job.verdict is not None
    assert {(arm["seeds"], arm["failures"]) for arm in job.verdict["arms"]} == {(4, 0)}


def test_a_database_that_is_away_is_waited_for(
    sqlite_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(sqlite_url)
    job_id = submit(database)
    away = iter([True, True])
    claim = Queue.claim

    def claim_or_fail(self: Queue, runner: RunnerIdentity, seconds: float, most: int | None) -> Lease | None:
        if next(away, False):
            raise DatabaseUnavailable("The database does not answer.")
        return claim(self, runner, seconds, most)

    monkeypatch.setattr(Queue, "claim", claim_or_fail)
    monkeypatch.setattr(runner_module, "DATABASE_SECONDS", 0.01)

    assert execute(database, settings_for(sqlite_url, data_dir), job_id).status == "succeeded"
    database.close()


def test_a_job_does_not_go_on_with_other_data(database: Database, settings: Settings) -> None:
    job_id = submit(database)
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(dataset_fingerprint="0" * 64))

    job = execute(database, settings, job_id)

    assert job.status == "failed"
    assert job.error is not None
    assert "has changed since the job began" in job.error


def test_the_same_spec_gives_the_same_rows_on_both_databases(
    sqlite_url: str, postgres_url: str, data_dir: Path
) -> None:
    found = []
    for url in (sqlite_url, postgres_url):
        database = Database(url)
        job_id = submit(database, seed=7)
        execute(database, settings_for(url, data_dir), job_id)
        found.append(rows(database, job_id))
        database.close()

    assert found[0] == found[1]
    assert np.isfinite([outcome[1] for outcome in found[0]["search"][1] if outcome[1] is not None]).all()
