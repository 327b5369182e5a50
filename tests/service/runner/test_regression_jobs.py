"""Jobs that predict a number, from the data set to the verdict: on patients, on a line, and on shuffled targets.

The numbers of the verdict come out again when they are computed from the rows of the database with NumPy, SciPy and
scikit-learn's metrics (`recomputed.py`); a job whose runners are killed ends as the undisturbed one.
"""

import copy
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
import sklearn.metrics
from sqlalchemy import update

from core.dataset import Dataset, Split
from core.export import from_bytes
from service.data.prepared import load_dataset
from service.runner import job_data
from service.runner.verification import Different, verify
from service.settings import Settings
from service.store.database import Database
from service.store.entities import Job
from service.store.models import jobs
from tests.evolution.builders import one_target
from tests.service.runner import recomputed
from tests.service.runner.jobs import execute, get, network_of, rows, settings_for, submit, without_seconds
from tests.service.runner.processes import start_runner
from tests.service.runner.recomputed import Rows

pytestmark = pytest.mark.slow

SPEC: dict[str, Any] = {
    "dataset": "diabetes",
    "budget": {"evaluations": 12},
    "space": {"max_layers": 2, "min_units": 4, "max_units": 32},
    "training": {"epochs": 12},
    "final": {"finalists": 2, "seeds": 2},
    "verdict": {"seeds": 5, "rivals": True},
    "seed": 3,
}

Numbers = npt.NDArray[np.float64]


def line(dataset: Dataset) -> Dataset:
    """Rows whose target a line tells, but for half its deviation: 1200 to train on, and few to test."""
    raw = one_target(rows=1560, noise=0.5)
    inputs = np.concatenate([split.inputs for split in _splits(raw)])
    targets = np.concatenate([split.targets for split in _splits(raw)])
    bounds = ((0, 1200), (1200, 1500), (1500, 1560))
    parts = (Split(inputs[start:stop], targets[start:stop]) for start, stop in bounds)
    return _with(replace(raw, name=dataset.name), *parts, fingerprint="1" * 64)


def shuffled(dataset: Dataset) -> Dataset:
    """The same patients with their targets dealt anew: there is nothing to learn."""
    rng = np.random.default_rng(5)
    dealt = (Split(split.inputs, rng.permutation(split.targets)) for split in _splits(dataset))
    return _with(dataset, *dealt, fingerprint="5" * 64)


def constant(dataset: Dataset) -> Dataset:
    """The same patients, all equally ill in the test rows."""
    train, validation, test = _splits(dataset)
    return _with(dataset, train, validation, Split(test.inputs, np.full_like(test.targets, 7.0)), fingerprint="7" * 64)


def _splits(dataset: Dataset) -> tuple[Split, Split, Split]:
    assert dataset.test is not None
    return dataset.train, dataset.validation, dataset.test


def _with(dataset: Dataset, train: Split, validation: Split, test: Split, *, fingerprint: str) -> Dataset:
    return replace(dataset, train=train, validation=validation, test=test, fingerprint=fingerprint)


class Judged:
    """A job that has its verdict, the data, and the rows."""

    def __init__(self, database: Database, job: Job, dataset: Dataset) -> None:
        assert job.verdict is not None, job.error
        self.job, self.dataset, self.verdict = job, dataset, job.verdict
        self.rows = Rows(database, job.id)
        self.arms = [arm["name"] for arm in self.verdict["arms"]]
        self.targets: Numbers = _splits(dataset)[2].targets[:, 0]
        self.mean = float(dataset.train.targets.mean())
        self.predictions = {name: self._of_arm(place) for place, name in enumerate(self.arms)}
        for rival in self.verdict["rivals"]:
            answers = [
                np.frombuffer(fit["predictions"], "<f8") for fit in self.rows.fits if fit["name"] == rival["name"]
            ]
            self.predictions[rival["name"]] = np.array(answers * 5 if len(answers) == 1 else answers)
        self.squares = {name: np.square(answers - self.targets) for name, answers in self.predictions.items()}
        self.comparisons = {one["rival"]: one for one in self.verdict["comparisons"]}
        self.paragraph = " ".join(self.verdict["paragraph"])

    def _of_arm(self, place: int) -> Numbers:
        return np.array([np.frombuffer(row["test_predictions"], "<f8") for row in self.rows.arm(place, len(self.arms))])


VARIANTS = {"patients": None, "line": line, "shuffled": shuffled}
HUBER: dict[str, Any] = {"epochs": 12, "regression_loss": "huber", "huber_delta": 1.5}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Judged]]:
    """The three jobs, executed once, on SQLite, one after the other."""
    directory = tmp_path_factory.mktemp("regressions")
    url = f"sqlite:///{directory / 'cambrian.db'}"
    database = Database(url)
    database.upgrade()
    found = {}
    for name, change in VARIANTS.items():
        dataset = load_dataset("diabetes", directory / "datasets")
        changed = dataset if change is None else change(dataset)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(job_data, "load_dataset", lambda *_arguments, changed=changed: changed)
            training = HUBER if name == "patients" else SPEC["training"]
            job = execute(database, settings_for(url, directory), submit(database, **SPEC | {"training": training}))
        found[name] = Judged(database, job, changed)
    yield found
    database.close()


def test_on_a_line_structure_makes_no_difference(judged: dict[str, Judged]) -> None:
    job = judged["line"]

    assert all(arm["floor"]["above"] for arm in job.verdict["arms"])
    assert job.verdict["arms"][0]["test_score"] > 0.8
    assert "On these data structure makes no difference that could be shown" in job.paragraph
    assert job.verdict["layers"]["sentence"].startswith("No hidden layer was shown to be needed: linear regression")
    # About a thousand, with noise of 25, told in these units.
    assert job.verdict["floor"]["answer"] == "1,001"
    assert 20 < job.verdict["arms"][0]["rmse"]["value"] < 30


def test_on_shuffled_targets_nothing_was_learned(judged: dict[str, Judged]) -> None:
    job = judged["shuffled"]

    assert job.verdict["sentence"].startswith(
        "Nothing was learned: no network and no other method is shown to predict disease progression for the 82 unseen "
        "test patients better than the mean of the training rows would"
    )
    assert not any(arm["floor"]["above"] for arm in job.verdict["arms"] + job.verdict["rivals"])
    assert "no structure can be advised" in job.paragraph
    assert "stays open" in job.verdict["layers"]["sentence"]


def test_on_patients_something_was_learned(judged: dict[str, Judged]) -> None:
    job = judged["patients"]

    assert (job.verdict["format"], job.verdict["task"], job.verdict["metric"]) == (3, "regression", "r2")
    assert job.verdict["arms"][0]["floor"]["above"]
    assert "linear regression" in job.paragraph
    for word in ("accuracy", "logistic", "correctly", "points"):
        assert word not in str(job.verdict)


@pytest.mark.parametrize("name", VARIANTS)
def test_scores_and_errors_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    variance = job.targets.var()
    floor = np.square(job.mean - job.targets)
    gains = {other: recomputed.crossed((floor - squares) / variance) for other, squares in job.squares.items()}
    adjusted = dict(zip(gains, recomputed.holm([test.p for test in gains.values()]), strict=True))

    assert job.verdict["floor"]["score"] == pytest.approx(
        sklearn.metrics.r2_score(job.targets, np.full(len(job.targets), job.mean)), abs=1e-9
    )
    assert job.verdict["floor"]["rmse"] == pytest.approx(np.sqrt(floor.mean()))
    for told in job.verdict["arms"] + job.verdict["rivals"]:
        answers, squares = job.predictions[told["name"]], job.squares[told["name"]]
        score = recomputed.crossed(1 - squares / variance)
        assert told["test_score"] == pytest.approx(
            np.mean([sklearn.metrics.r2_score(job.targets, one) for one in answers]), abs=1e-9
        )
        assert (told["test_low"], told["test_high"]) == pytest.approx((score.low, min(score.high, 1)))
        assert told["rmse"]["value"] == pytest.approx(np.sqrt(squares.mean()))
        assert told["rmse"]["low"] == pytest.approx(np.sqrt(max(0, 1 - score.high) * variance), abs=1e-6)
        assert told["rmse"]["high"] == pytest.approx(np.sqrt((1 - score.low) * variance))
        test = told["floor"]
        assert (test["difference"], test["p_value"]) == pytest.approx(
            (gains[told["name"]].value, gains[told["name"]].p), rel=1e-6, abs=1e-9
        )
        assert test["above"] == (adjusted[told["name"]] < 0.05 and gains[told["name"]].value > 0)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_conclusions_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    variance, own = job.targets.var(), job.squares["evolution"]
    others = [other for other in job.squares if other != "evolution"]
    tests = [recomputed.crossed((job.squares[other] - own) / variance) for other in others]

    assert list(job.comparisons) == others
    for other, test, adjusted in zip(others, tests, recomputed.holm([test.p for test in tests]), strict=True):
        told = job.comparisons[other]
        if np.array_equal(own, job.squares[other]):
            # The same network: recomputed for shares, whose interval is never of no width.
            assert (told["low"], told["high"], told["p_value"]) == (0.0, 0.0, 1.0)
            continue
        assert (told["difference"], told["low"], told["high"]) == pytest.approx(
            (test.value, test.low, test.high), rel=1e-6, abs=1e-9
        )
        assert told["adjusted_p_value"] == pytest.approx(adjusted, rel=1e-6, abs=1e-9)
        assert told["rmse"]["value"] == pytest.approx(
            np.sqrt(own.mean()) - np.sqrt(job.squares[other].mean()), rel=1e-6, abs=1e-6
        )
        shown = "better" if test.value > 0 else "worse"
        assert told["conclusion"] == (shown if adjusted < 0.05 else "no difference shown")
    together = job.predictions["evolution"].mean(axis=0)
    ensemble = job.verdict["ensemble"]
    assert ensemble["test_score"] == pytest.approx(sklearn.metrics.r2_score(job.targets, together), abs=1e-9)
    worth = 1 - np.square(together - job.targets) / variance
    assert ensemble["low"] == pytest.approx(
        worth.mean() - scipy.stats.t.ppf(0.975, len(worth) - 1) * scipy.stats.sem(worth)
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_searches_and_validation_scores_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]

    for place, arm in enumerate(job.verdict["arms"]):
        final = job.rows.arm(place, len(job.arms))
        assert arm["validation_score"] == pytest.approx(np.mean([row["fitness"] for row in final]))
        assert arm["retraining"] == pytest.approx(recomputed.spent(final))
    assert all(-1 <= row["fitness"] <= 1 for row in job.rows.phases["search"])
    assert {row["test_predictions"] for row in job.rows.phases["search"]} == {None}


def test_a_job_is_equal_to_itself_and_its_network_answers_in_the_targets_units(sqlite_url: str, data_dir: Path) -> None:
    database = Database(sqlite_url)
    settings = settings_for(sqlite_url, data_dir)
    job = execute(database, settings, submit(database, **SPEC))
    again = execute(database, settings, submit(database, **SPEC))

    assert (job.status, again.status) == ("succeeded", "succeeded")
    assert rows(database, again.id) == rows(database, job.id)
    assert without_seconds(again.verdict) == without_seconds(job.verdict)
    network = from_bytes(network_of(database, job.id))
    dataset = load_dataset("diabetes", data_dir / "datasets")
    answers = network.predict(_splits(dataset)[2].inputs)[:, 0]
    stored = [np.frombuffer(outcome[-1] or b"", "<f8") for outcome in rows(database, job.id)["final"][1]]
    assert any(np.allclose(answers, one, rtol=1e-5) for one in stored)
    assert verify(database, settings, job.id, lambda *_seen: None)["search"] == 12


def test_a_verdict_on_numbers_that_was_tampered_with_is_found(
    database: Database, database_url: str, data_dir: Path
) -> None:
    settings = settings_for(database_url, data_dir)
    job = execute(database, settings, submit(database, **SPEC | {"verdict": {"seeds": 5, "rivals": False}}))
    forged = copy.deepcopy(job.verdict)
    assert forged is not None
    forged["comparisons"][0]["rmse"]["low"] += 0.01
    with database.write() as session:
        session.execute(update(jobs).values(verdict=forged))

    with pytest.raises(Different) as caught:
        verify(database, settings, job.id, lambda *_seen: None)
    assert caught.value.difference.field == "verdict/comparisons/0/rmse/low"


def test_a_job_whose_runners_are_killed_ends_as_the_undisturbed_one(sqlite_url: str, data_dir: Path) -> None:
    database = Database(sqlite_url)
    # Loading scikit-learn takes longer than most runners live here.
    spec = SPEC | {"training": {"epochs": 60}, "verdict": {"seeds": 5, "rivals": False}}
    settings = settings_for(sqlite_url, data_dir)
    undisturbed = execute(database, settings, whole := submit(database, **spec))
    job_id = submit(database, **spec)
    for phase in ("search", "finalists", "final"):
        process = start_runner(sqlite_url, data_dir)
        try:
            _wait_for(database, job_id, phase)
        finally:
            process.kill()
            process.wait()
    ended = execute(database, settings, job_id)

    assert ended.status == "succeeded", ended.error
    assert rows(database, job_id) == rows(database, whole)
    assert network_of(database, job_id) == network_of(database, whole)
    assert without_seconds(ended.verdict) == without_seconds(undisturbed.verdict)


def _wait_for(database: Database, job_id: str, phase: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not get(database, job_id).finished:
        if rows(database, job_id)[phase][1]:
            return
        time.sleep(0.01)


def test_test_rows_that_are_all_alike_end_the_job_before_its_search(
    database: Database, database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_data, "load_dataset", lambda *arguments: constant(load_dataset(*arguments)))
    job = execute(database, settings_for(database_url, data_dir), submit(database, **SPEC))

    assert job.status == "failed"
    assert "the targets of the test rows are all alike" in (job.error or "")
    assert rows(database, job.id)["search"] == ([], [])


def test_a_job_on_balanced_accuracy(sqlite_url: str, data_dir: Path) -> None:
    database = Database(sqlite_url)
    settings: Settings = settings_for(sqlite_url, data_dir)
    job = execute(database, settings, submit(database, **SPEC | {
        "dataset": "iris", "metric": "balanced_accuracy", "training": {"epochs": 10}
    }))  # fmt: skip
    assert job.verdict is not None
    targets = _splits(load_dataset("iris", data_dir / "datasets"))[2].targets
    arms = [arm["name"] for arm in job.verdict["arms"]]
    found = Rows(database, job.id)

    assert (job.verdict["format"], job.verdict["task"]) == (3, "classification")
    assert job.verdict["floor"]["score"] == pytest.approx(1 / 3)
    for place, arm in enumerate(job.verdict["arms"]):
        answers = [np.frombuffer(row["test_predictions"], "<u2") for row in found.arm(place, len(arms))]
        scores = [sklearn.metrics.balanced_accuracy_score(targets, one) for one in answers]
        assert arm["test_score"] == pytest.approx(np.mean(scores))
    assert verify(database, settings, job.id, lambda *_seen: None)["final"] == 5 * len(arms)
