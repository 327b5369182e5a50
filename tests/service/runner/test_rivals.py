"""scikit-learn's methods on the small digits: what is fitted, skipped, and collected."""

import importlib.util
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC

from core.dataset import Dataset, Split
from core.metrics import METRICS_OF
from evolution.arms import NO_ANSWER
from service.data.prepared import load_dataset
from service.runner.rivals import (
    MOST_FOREST_CELLS,
    MOST_ROWS,
    MOST_SVC_ROWS,
    REGRESSION_RIVALS,
    RIVALS,
    Rival,
    chosen_rivals,
    fit_rival,
    rival_result,
)
from service.store.rival_repository import RivalFit
from tests.evolution.builders import one_target

SVC_RIVAL = RIVALS[2]


@pytest.fixture(scope="module")
def irises(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load_dataset("iris", tmp_path_factory.mktemp("datasets")).standardized()


@pytest.mark.slow
@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_a_method_answers_every_test_row_and_alike_for_the_same_seed(rival: Rival, irises: Dataset) -> None:
    fit = fit_rival(rival, irises, seed=2**63 - 1, seed_index=3)
    again = fit_rival(rival, irises, seed=2**63 - 1, seed_index=3)

    assert irises.test is not None
    assert fit.predictions is not None
    assert fit.validation_score is not None
    assert (fit.name, fit.seed_index) == (rival.name, 3)
    assert np.mean(np.frombuffer(fit.predictions, "<u2") == irises.test.targets) > 0.8
    assert fit.validation_score > 0.8
    assert fit.seconds > 0
    assert (again.predictions, again.validation_score) == (fit.predictions, fit.validation_score)


def test_the_svc_is_scikit_learns_with_its_defaults(irises: Dataset) -> None:
    fit = fit_rival(SVC_RIVAL, irises, seed=1, seed_index=0)
    model = SVC().fit(irises.train.flat_inputs, irises.train.targets)

    assert irises.test is not None
    assert fit.predictions == model.predict(irises.test.flat_inputs).astype("<u2").tobytes()
    assert fit.validation_score == pytest.approx(model.score(irises.validation.flat_inputs, irises.validation.targets))


def test_a_method_that_cannot_be_fitted_answers_nothing(irises: Dataset) -> None:
    def broken(_seed: int) -> Any:
        raise ValueError("Solver produced non-finite parameter weights.")

    fit = fit_rival(Rival("mlp", broken), irises, seed=1, seed_index=0)
    result = rival_result(Rival("mlp", broken), [fit], seeds=[0], rows=30)

    assert (fit.validation_score, fit.predictions) == (None, None)
    assert result.predictions.tolist() == [[NO_ANSWER] * 30]
    assert result.validation_scores == ()


def of_rows(dataset: Dataset, rows: int) -> Dataset:
    train = Split(np.zeros((rows, 4), np.float32), np.arange(rows, dtype=np.int64) % 3)
    return replace(dataset, train=train)


def test_what_would_take_too_long_is_left_out_and_said(irises: Dataset) -> None:
    everybody, nobody = chosen_rivals(of_rows(irises, MOST_SVC_ROWS))
    some, without_svc = chosen_rivals(of_rows(irises, MOST_SVC_ROWS + 1))
    none, all_of_them = chosen_rivals(of_rows(irises, MOST_ROWS + 1))

    assert (everybody, nobody) == (RIVALS, ())
    assert [one.name for one in some] == ["mlp", "random_forest"]
    assert [(one.name, one.reason) for one in without_svc] == [
        ("svc", "20,001 training rows; it is fitted up to 20,000")
    ]
    assert none == ()
    assert len(all_of_them) == 3


def test_without_scikit_learn_all_are_left_out(irises: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    taken, skipped = chosen_rivals(irises)

    assert taken == ()
    assert {one.reason for one in skipped} == {"scikit-learn is not installed"}


def test_a_method_without_chance_is_fitted_once_and_answers_alike_for_every_seed() -> None:
    stored = [
        RivalFit("svc", 0, 0.5, 0.9, np.array([1, 2], "<u2").tobytes()),
        RivalFit("mlp", 0, 1.0, 0.8, np.array([0, 0], "<u2").tobytes()),
        RivalFit("mlp", 1, 2.0, 0.7, np.array([1, 1], "<u2").tobytes()),
        RivalFit("mlp", 2, 4.0, 0.6, np.array([2, 2], "<u2").tobytes()),
    ]
    svc = rival_result(SVC_RIVAL, stored, seeds=[0, 2], rows=2)
    mlp = rival_result(RIVALS[0], stored, seeds=[0, 2], rows=2)

    assert svc.predictions.tolist() == [[1, 2], [1, 2]]
    assert (svc.fits, svc.seconds, svc.validation_scores) == (1, 0.5, (0.9, 0.9))
    # The seed that was lost for the networks is left out here too; what it cost is not.
    assert mlp.predictions.tolist() == [[0, 0], [2, 2]]
    assert (mlp.fits, mlp.seconds, mlp.validation_scores) == (3, 7.0, (0.8, 0.6))


def test_the_test_rows_are_needed(irises: Dataset) -> None:
    with pytest.raises(ValueError, match="test rows"):
        fit_rival(SVC_RIVAL, irises.without_test(), seed=1, seed_index=0)


def test_the_methods_have_their_words() -> None:
    assert [rival.label for rival in RIVALS] == [
        "scikit-learn's MLP",
        "scikit-learn's random forest",
        "scikit-learn's SVC",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("rival", REGRESSION_RIVALS, ids=lambda rival: rival.name)
def test_a_method_predicts_numbers_in_the_units_of_the_target(rival: Rival) -> None:
    data = one_target(rows=300).standardized()
    chosen = next(one for one in chosen_rivals(data)[0] if one.name == rival.name)
    fit = fit_rival(chosen, data, seed=2**63 - 1, seed_index=3)
    again = fit_rival(chosen, data, seed=2**63 - 1, seed_index=3)
    result = rival_result(chosen, [replace(fit, seed_index=0)], seeds=[0], rows=100, numbers=True)

    assert chosen.metric == "r2"
    assert fit.predictions == again.predictions
    assert fit.validation_score is not None
    assert fit.validation_score > 0.5
    assert result.predictions.shape == (1, 100)
    assert abs(result.predictions.mean() - 1000) < 25


def test_numbers_that_are_not_finite_are_no_answer() -> None:
    class Diverged:
        def fit(self, *_rows: Any) -> None:
            """Nothing."""

        def predict(self, inputs: np.ndarray) -> np.ndarray:
            return np.full(len(inputs), np.inf)

    fit = fit_rival(Rival("mlp", lambda _seed: Diverged(), metric="r2"), one_target().standardized(), 1, 0)

    assert (fit.validation_score, fit.predictions) == (None, None)
    failed = rival_result(Rival("mlp", lambda _seed: None), [fit], seeds=[0], rows=40, numbers=True)
    assert np.isnan(failed.predictions).all()


def test_methods_for_numbers_have_bounds_of_their_own() -> None:
    data = one_target().standardized()

    def left_out(rows: int) -> dict[str, str]:
        train = Split(np.zeros((rows, 6), np.float32), np.zeros((rows, 1)))
        return {one.name: one.reason for one in chosen_rivals(replace(data, train=train))[1]}

    assert left_out(10_000) == {}
    assert left_out(10_001) == {"svr": "10,001 training rows; it is fitted up to 10,000"}
    assert MOST_FOREST_CELLS == 6 * 83_333 + 2
    assert set(left_out(83_333)) == {"svr"}
    assert left_out(83_334)["random_forest"] == "500,004 training rows times inputs; it is fitted up to 500,000"
    assert set(left_out(MOST_ROWS + 1)) == {"mlp", "random_forest", "svr"}


def test_balanced_accuracy_scores_a_method_by_class(irises: Dataset) -> None:
    plain, balanced = (fit_rival(replace(SVC_RIVAL, metric=metric), irises, 1, 0) for metric in METRICS_OF["binary"])

    assert plain.predictions == balanced.predictions
    # Ten irises of each kind: both are the same share.
    assert balanced.validation_score == pytest.approx(plain.validation_score)
