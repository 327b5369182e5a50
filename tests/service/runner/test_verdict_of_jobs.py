"""Verdicts of real jobs: on labels that were shuffled, on easy data, on spirals and on digits.

Each says what the data allow, and every number of it comes out again when it is computed from the rows of the database
by other code (`recomputed.py`). Only the importance, and what a search believes of its networks, are asked of the
product again.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.stats

from core.architecture import Architecture
from core.dataset import Dataset, Split
from evolution.finalists import choose_finalists
from evolution.recommendation import Standing, standings
from service.data.prepared import load_dataset
from service.job_spec import JobSpec
from service.runner import job_data
from service.runner.judgement import JobRows, judge
from service.runner.plan import Plan
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Job, Phase
from service.store.rival_repository import RivalRepository
from tests.service.runner import recomputed
from tests.service.runner.jobs import execute, settings_for, submit
from tests.service.runner.recomputed import Rows

pytestmark = pytest.mark.slow

SHUFFLED: dict[str, Any] = {"dataset": "digits-8x8", "training": {"epochs": 4}}
IRIS: dict[str, Any] = {"dataset": "iris", "training": {"epochs": 30, "batch_size": 8}}
SPIRALS: dict[str, Any] = {
    "dataset": "spirals",
    "budget": {"evaluations": 24},
    "training": {"epochs": 30},
    "final": {"epochs": 40},
}
DIGITS: dict[str, Any] = {"dataset": "digits-8x8", "training": {"epochs": 8}}
COMMON: dict[str, Any] = {
    "budget": {"evaluations": 20},
    "space": {"max_layers": 3, "min_units": 4, "max_units": 64},
    "final": {"finalists": 3, "seeds": 4},
    "verdict": {"seeds": 5, "rivals": True},
    "seed": 3,
}


def shuffled(dataset: Dataset) -> Dataset:
    """The same rows with their labels dealt anew: there is nothing to learn."""
    rng = np.random.default_rng(5)

    def dealt(split: Split) -> Split:
        return Split(split.inputs, rng.permutation(split.targets))

    assert dataset.test is not None
    return replace(
        dataset,
        train=dealt(dataset.train),
        validation=dealt(dataset.validation),
        test=dealt(dataset.test),
        fingerprint="5" * 64,
    )


def _told(ranked: Sequence[Standing]) -> dict[str, float]:
    return {json.dumps(one.architecture.to_json(), sort_keys=True): one.mean for one in ranked}


class Judged:
    """A job that has its verdict, the data, and the rows."""

    def __init__(self, database: Database, job: Job, dataset: Dataset) -> None:
        assert job.verdict is not None, job.error
        self.database = database
        self.job = job
        self.dataset = dataset
        self.verdict: dict[str, Any] = job.verdict
        self.rows = Rows(database, job.id)
        assert dataset.test is not None
        self.targets = dataset.test.targets
        self.arms = [arm["name"] for arm in self.verdict["arms"]]
        self.correct = {
            name: self.rows.correct(place, len(self.arms), self.targets) for place, name in enumerate(self.arms)
        }
        self.correct |= {
            rival["name"]: self.rows.rival_correct(rival["name"], self.targets, rival["seeds"])
            for rival in self.verdict["rivals"]
        }
        self.paragraph: str = " ".join(self.verdict["paragraph"])
        self.comparisons = {one["rival"]: one for one in self.verdict["comparisons"]}

    def beliefs(self, phase: Phase) -> dict[str, float]:
        """What a search believes of its networks, best first: the search's own business, so asked of the product."""
        return _told(self._standings(phase))

    def leaders(self, phase: Phase, count: int) -> dict[str, float]:
        """The networks that become finalists, with what is believed of them."""
        return _told(choose_finalists(self._standings(phase), count))

    def _standings(self, phase: Phase) -> tuple[Standing, ...]:
        with self.database.read() as session:
            _, evaluations = CandidateRepository(session).load(self.job.id, phase)
        space = JobSpec.model_validate(self.job.spec).search_space(self.dataset.input_shape, self.dataset.outputs)
        return standings(evaluations, space)

    def references(self) -> list[str]:
        """Conclusions against the designs that need no search."""
        return [
            one["conclusion"]
            for name, one in self.comparisons.items()
            if name in {"logistic_regression", "hand_100", "hand_128_64", "usual_design"}
        ]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Judged]]:
    """The four jobs, executed once, on SQLite, one after the other."""
    directory = tmp_path_factory.mktemp("verdicts")
    url = f"sqlite:///{directory / 'cambrian.db'}"
    database = Database(url)
    database.upgrade()
    found = {}
    for name, spec in (("shuffled", SHUFFLED), ("iris", IRIS), ("spirals", SPIRALS), ("digits", DIGITS)):
        with pytest.MonkeyPatch.context() as patch:
            if name == "shuffled":
                patch.setattr(job_data, "load_dataset", lambda *arguments: shuffled(load_dataset(*arguments)))
            merged = {key: {**COMMON[key], **spec.get(key, {})} for key in ("budget", "space", "final", "verdict")}
            job_id = submit(database, **{"seed": COMMON["seed"], **spec, **merged})
            job = execute(database, settings_for(url, directory), job_id)
        dataset = load_dataset(spec["dataset"], directory / "datasets")
        found[name] = Judged(database, job, shuffled(dataset) if name == "shuffled" else dataset)
    yield found
    database.close()


NAMES = ("shuffled", "iris", "spirals", "digits")


def test_on_shuffled_labels_nothing_was_learned(judged: dict[str, Judged]) -> None:
    job = judged["shuffled"]

    assert job.verdict["sentence"].startswith("Nothing was learned: no network and no other method is shown")
    assert not any(arm["floor"]["above"] for arm in job.verdict["arms"] + job.verdict["rivals"])
    assert "no structure can be advised" in job.paragraph
    assert "stays open" in job.verdict["layers"]["sentence"]


def test_on_irises_structure_makes_no_difference(judged: dict[str, Judged]) -> None:
    job = judged["iris"]

    assert "On these data structure makes no difference that could be shown" in job.paragraph
    assert set(job.references()) == {"no difference shown"}
    assert all(arm["floor"]["above"] for arm in job.verdict["arms"])
    # A difference that could not be shown is said to be possible all the same: thirty rows show little.
    assert re.search(r"differences of up to [0-9.]+ points are still possible", job.paragraph)
    assert job.verdict["layers"]["sentence"].startswith("No hidden layer was shown to be needed")


def test_on_spirals_structure_matters(judged: dict[str, Judged]) -> None:
    job = judged["spirals"]

    assert "better than logistic regression" in job.paragraph
    assert job.comparisons["logistic_regression"]["conclusion"] == "better"
    assert job.comparisons["hand_100"]["conclusion"] == "better"
    assert re.search(r"Structure matters here|A design that needs no search does better", job.paragraph)
    assert len(job.verdict["arms"][0]["architecture"]["layers"]) > 1


def test_on_digits_hidden_layers_pay_and_a_default_svc_is_no_worse(judged: dict[str, Judged]) -> None:
    job = judged["digits"]

    assert job.verdict["arms"][0]["floor"]["above"]
    assert "answers" in job.verdict["sentence"]
    assert job.comparisons["svc"]["conclusion"] in {"worse", "no difference shown"}


@pytest.mark.parametrize("name", NAMES)
def test_the_conclusions_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    others = [other for other in job.correct if other != "evolution"]
    tests = [recomputed.difference(job.correct["evolution"], job.correct[other]) for other in others]

    assert list(job.comparisons) == others
    for other, test, adjusted in zip(others, tests, recomputed.holm([test.p for test in tests]), strict=True):
        told = job.comparisons[other]
        assert (told["difference"], told["low"], told["high"]) == pytest.approx((test.value, test.low, test.high))
        assert told["p_value"] == pytest.approx(test.p, rel=1e-6, abs=1e-12)
        assert told["adjusted_p_value"] == pytest.approx(adjusted, rel=1e-6, abs=1e-12)
        shown = "better" if test.value > 0 else "worse"
        assert told["conclusion"] == (shown if adjusted < 0.05 else "no difference shown")


@pytest.mark.parametrize("name", NAMES)
def test_accuracies_and_floors_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    usual = np.bincount(job.dataset.train.targets).argmax()
    floor = job.targets == usual
    floors = {other: recomputed.difference(correct, floor) for other, correct in job.correct.items()}
    adjusted = dict(zip(floors, recomputed.holm([test.p for test in floors.values()]), strict=True))

    assert job.verdict["floor"] == {"answer": job.dataset.class_names[usual], "share": pytest.approx(floor.mean())}
    assert job.verdict["test_rows"] == len(job.targets)
    for told in job.verdict["arms"] + job.verdict["rivals"]:
        other = told["name"]
        accuracy = recomputed.crossed(job.correct[other].astype(float))
        assert told["test_accuracy"] == pytest.approx(accuracy.value)
        assert (told["test_low"], told["test_high"]) == pytest.approx((max(accuracy.low, 0), min(accuracy.high, 1)))
        test = told["floor"]
        assert (test["difference"], test["low"], test["high"]) == pytest.approx(
            (floors[other].value, floors[other].low, floors[other].high)
        )
        assert test["adjusted_p_value"] == pytest.approx(adjusted[other], rel=1e-6, abs=1e-12)
        assert test["above"] == (adjusted[other] < 0.05 and floors[other].value > 0)


@pytest.mark.parametrize("name", NAMES)
def test_rivals_and_ensemble_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    worst = []
    for rival in job.verdict["rivals"]:
        tests = [recomputed.difference(job.correct[rival["name"]], job.correct[arm]) for arm in job.arms]
        worst.append(max(test.p if test.value > 0 else 1.0 for test in tests))
        fits = [fit for fit in job.rows.fits if fit["name"] == rival["name"]]
        assert (rival["fits"], rival["seconds"]) == (len(fits), pytest.approx(sum(fit["seconds"] for fit in fits)))
        assert rival["validation_accuracy"] == pytest.approx(np.mean([fit["validation_score"] for fit in fits]))
    for rival, p in zip(job.verdict["rivals"], recomputed.holm(worst), strict=True):
        assert rival["above_networks_p_value"] == pytest.approx(p, rel=1e-6, abs=1e-12)
        assert rival["above_networks"] == (p < 0.05)

    answers = [np.frombuffer(row["test_predictions"], "<u2") for row in job.rows.arm(0, len(job.arms))]
    # SciPy's mode takes the smallest of the most frequent values.
    votes = scipy.stats.mode(np.array(answers, np.int64), axis=0).mode
    right = int((votes == job.targets).sum())
    interval = scipy.stats.binomtest(right, len(votes)).proportion_ci(method="wilson")
    ensemble = job.verdict["ensemble"]
    assert (ensemble["members"], ensemble["test_accuracy"]) == (5, pytest.approx(right / len(votes)))
    assert (ensemble["low"], ensemble["high"]) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("name", NAMES)
def test_scores_and_ledgers_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    phases: dict[str, Phase] = {"evolution": "search", "random_search": "baseline"}
    for place, arm in enumerate(job.verdict["arms"]):
        final = job.rows.arm(place, len(job.arms))
        assert [row["architecture"] for row in final] == [arm["architecture"]] * 5
        assert arm["validation_accuracy"] == pytest.approx(np.mean([row["fitness"] for row in final]))
        assert arm["retraining"] == pytest.approx(recomputed.spent(final))
        assert arm["parameters"] == final[0]["parameters"]
        searched = job.rows.phases[phases[arm["name"]]] if arm["name"] in phases else []
        assert arm["search"] == pytest.approx(recomputed.spent(searched))
        key = json.dumps(arm["architecture"], sort_keys=True)
        if arm["name"] in phases:
            assert arm["search_score"] == pytest.approx(job.beliefs(phases[arm["name"]])[key])
            assert arm["winners_curse"] == pytest.approx(arm["search_score"] - arm["validation_accuracy"])
        # Everybody on the same seeds, with the same recipe.
        assert [row["seed"] for row in final] == [row["seed"] for row in job.rows.arm(0, len(job.arms))]
    assert {row["epochs"] for row in job.rows.phases["final"]} == {job.verdict["epochs"]}


@pytest.mark.parametrize("name", NAMES)
def test_finalists_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    trained: dict[str, list[dict[str, Any]]] = {}
    for row in job.rows.phases["finalists"]:
        assert row["test_predictions"] is None
        trained.setdefault(json.dumps(row["architecture"], sort_keys=True), []).append(row)
    seeds = {tuple(row["seed"] for row in group) for group in trained.values()}
    final_seeds = {row["seed"] for row in job.rows.phases["final"]}
    searches: dict[str, Phase] = {"evolution": "search", "random_search": "baseline"}

    assert len(seeds) == 1
    assert not set(*seeds) & final_seeds
    assert [each["finder"] for each in job.verdict["finalists"]] == list(searches)
    for each in job.verdict["finalists"]:
        leaders = job.leaders(searches[each["finder"]], 3)
        told = {json.dumps(one["architecture"], sort_keys=True): one["search_score"] for one in each["finalists"]}
        assert told == pytest.approx(leaders)
        for one in each["finalists"]:
            group = trained[json.dumps(one["architecture"], sort_keys=True)]
            scores = [row["fitness"] for row in group]
            assert (one["mean"], one["standard_error"]) == pytest.approx((np.mean(scores), scipy.stats.sem(scores)))
        ranked = [one["mean"] for one in each["finalists"]]
        assert ranked == sorted(ranked, reverse=True)
        arm = next(arm for arm in job.verdict["arms"] if arm["name"] == each["finder"])
        assert arm["architecture"] == each["finalists"][0]["architecture"]
        assert arm["finalist_score"] == pytest.approx(ranked[0])
        own = [json.dumps(one["architecture"], sort_keys=True) for one in each["finalists"]]
        assert arm["finalists"] == pytest.approx(recomputed.spent([row for key in own for row in trained[key]]))
    winner, *rest = job.verdict["finalists"][0]["finalists"]
    close = [one for one in rest if one["mean"] >= winner["mean"] - winner["standard_error"]]
    sizes = {json.dumps(row["architecture"], sort_keys=True): row["parameters"] for row in job.rows.phases["finalists"]}
    smallest = min([winner, *close], key=lambda one: sizes[json.dumps(one["architecture"], sort_keys=True)])
    named = next(arm for arm in job.verdict["arms"] if arm["name"] == job.verdict["smallest"])
    assert named["architecture"] == smallest["architecture"]


@pytest.mark.parametrize("name", NAMES)
def test_the_answers_follow_from_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    by_depth: dict[int, list[float]] = {}
    by_neurons: dict[int, list[float]] = {}
    for key, score in recomputed.mean_by_network(job.rows.phases["search"]).items():
        widths = [layer["units"] for layer in json.loads(key)["layers"]]
        by_depth.setdefault(len(widths), []).append(score)
        by_neurons.setdefault(sum(widths) and 2 ** int(np.log2(sum(widths))), []).append(score)

    for answer, groups in ((job.verdict["layers"], by_depth), (job.verdict["neurons"], by_neurons)):
        assert [group["least"] for group in answer["groups"]] == sorted(groups)
        for group in answer["groups"]:
            scores = groups[group["least"]]
            assert (group["networks"], group["mean"]) == (len(scores), pytest.approx(np.mean(scores)))
            if len(scores) == 1:
                assert (group["low"], group["high"]) == (None, None)
                continue
            reach = scipy.stats.t.ppf(0.975, len(scores) - 1) * scipy.stats.sem(scores)
            assert (group["low"], group["high"]) == pytest.approx((np.mean(scores) - reach, np.mean(scores) + reach))


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_paragraph_is_one_of_the_rows(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    validation = [row["fitness"] for row in job.rows.arm(0, len(job.arms))]
    key = json.dumps(job.verdict["arms"][0]["architecture"], sort_keys=True)
    shares = [correct.mean() for correct in job.correct.values()]
    shares.append(np.mean(job.targets == np.bincount(job.dataset.train.targets).argmax()))
    shares += [np.mean(validation), job.beliefs("search")[key]]
    others = [other for other in job.correct if other != "evolution"]
    tests = [recomputed.difference(job.correct["evolution"], job.correct[other]) for other in others]
    points = [f"{abs(100 * number):.1f}" for test in tests for number in (test.value, test.low, test.high)]

    told = re.findall(r"([0-9.]+) %", job.paragraph)
    assert told
    assert set(told) <= {f"{100 * share:.1f}" for share in shares}
    assert set(re.findall(r"([0-9.]+) points", job.paragraph)) <= set(points)
    assert 3 <= len(job.verdict["paragraph"]) <= 6
    networks = {Architecture.from_json(arm["architecture"]).describe() for arm in job.verdict["arms"]}
    assert set(re.findall(r"\S+-\[[^\]]*\]-\d+", job.paragraph)) <= networks


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_verdict_comes_out_again(name: str, judged: dict[str, Judged]) -> None:
    job = judged[name]
    plan = Plan(JobSpec.model_validate(job.job.spec), job.dataset.standardized())
    with job.database.read() as session:
        load = partial(CandidateRepository(session).load, job.job.id)
        rows = JobRows(
            searched=load("search")[1],
            compared=load("baseline")[1],
            finalists=load("finalists")[1],
            retrained=load("final")[1],
            fits=RivalRepository(session).load(job.job.id),
        )

    again = judge(plan, rows).verdict.to_json()

    assert again == job.verdict
    assert json.loads(json.dumps(again, allow_nan=False)) == again
