from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
import sklearn.metrics

from evolution.errors import InvalidVerdict
from evolution.scoring import R2, Accuracy, BalancedAccuracy, scoring_of
from evolution.statistics import Estimate, holm, paired_test
from evolution.verdict import ArmVerdict, RivalVerdict
from tests.evolution.regressions import MEAN, TARGETS, constant, number_arm, number_rival, regression_verdict

CLASSES = np.array([0] * 12 + [1] * 6 + [2] * 3)


def test_the_mean_of_the_values_is_the_metric() -> None:
    rng = np.random.default_rng(0)
    answers = rng.integers(3, size=(4, len(CLASSES)))
    numbers = TARGETS + rng.normal(0, 30, (4, len(TARGETS)))
    accuracy, balanced, r2 = Accuracy(CLASSES, 0), BalancedAccuracy(CLASSES, 0), R2(TARGETS, MEAN)

    assert accuracy.estimate(accuracy.values(answers)).mean == pytest.approx(
        np.mean([sklearn.metrics.accuracy_score(CLASSES, one) for one in answers])
    )
    assert balanced.estimate(balanced.values(answers)).mean == pytest.approx(
        np.mean([sklearn.metrics.balanced_accuracy_score(CLASSES, one) for one in answers])
    )
    assert r2.estimate(r2.values(numbers)).mean == pytest.approx(
        np.mean([sklearn.metrics.r2_score(TARGETS, one) for one in numbers])
    )
    estimate = r2.estimate(r2.values(numbers))
    error = r2.rmse(estimate)
    assert error is not None
    assert error.value == pytest.approx(np.sqrt(np.mean(np.square(numbers - TARGETS))))
    assert error.low < error.value < error.high
    assert accuracy.rmse(estimate) is None


def test_what_learning_nothing_gives() -> None:
    balanced, r2 = BalancedAccuracy(CLASSES, 0), R2(TARGETS, MEAN)

    assert balanced.estimate(np.stack([balanced.floor()] * 2)).mean == pytest.approx(1 / 3)
    assert r2.floor().mean() == pytest.approx(sklearn.metrics.r2_score(TARGETS, np.full(len(TARGETS), MEAN)))


def test_a_failed_training_counts_as_wrong_or_as_the_mean() -> None:
    r2 = R2(TARGETS, MEAN)
    failed = np.full(len(TARGETS), np.nan)

    assert not Accuracy(CLASSES, 0).values(np.full(len(CLASSES), -1)).any()
    assert r2.values(failed).tolist() == r2.floor().tolist()
    together = r2.ensemble(np.stack([failed, TARGETS]))
    assert together.mean == 1.0
    assert r2.ensemble(np.stack([failed, failed])).mean == pytest.approx(float(r2.floor().mean()))


def test_answers_that_err_without_bounds_leave_finite_numbers() -> None:
    r2 = R2(TARGETS, MEAN)
    wild = np.stack([np.full(len(TARGETS), 1e68), TARGETS])
    estimate = r2.estimate(r2.values(wild))
    error = r2.rmse(estimate)

    assert error is not None
    assert np.isfinite([estimate.mean, estimate.low, estimate.high, error.value, error.low, error.high]).all()


def test_targets_that_are_all_alike_have_no_r2() -> None:
    with pytest.raises(InvalidVerdict, match="all are equal"):
        scoring_of("r2", np.full(5, 3.0), 3.0)


def test_identical_predictions_are_not_told_apart() -> None:
    same = number_arm("evolution", 40)
    found = regression_verdict(same, replace(same, name="hand_100")).comparisons[0]

    assert (found.difference, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert found.rmse is not None
    assert (found.rmse.value, found.rmse.low, found.rmse.high) == (0.0, 0.0, 0.0)
    perfect = replace(same, predictions=np.tile(TARGETS, (5, 1)))
    assert regression_verdict(perfect, replace(perfect, name="hand_100")).arms[0].test_score == 1.0


def test_a_verdict_on_numbers_follows_from_squared_errors() -> None:
    arms = [number_arm("evolution", 40, search_score=0.8), number_arm("linear_regression", 60, widths=())]
    found = regression_verdict(*arms, rivals=[number_rival("svr", 30)])
    squares = {one.name: np.square(one.predictions - TARGETS) for one in arms}
    squares["svr"] = np.square(number_rival("svr", 30).predictions - TARGETS)
    variance = TARGETS.var()

    assert (found.task, found.metric, found.target) == ("regression", "r2", "progression")
    rows: list[ArmVerdict | RivalVerdict] = [*found.arms, *found.rivals]
    for told in rows:
        assert told.test_score == pytest.approx(1 - squares[told.name].mean() / variance)
        assert told.rmse is not None
        assert told.rmse.value == pytest.approx(np.sqrt(squares[told.name].mean()))
        assert told.floor is not None
        assert told.floor.above
    for one in found.comparisons:
        gain = (squares[one.rival] - squares["evolution"]) / variance
        by_rows, by_seeds = (gain.mean(axis=axis).var(ddof=1) / gain.shape[1 - axis] for axis in (0, 1))
        error = np.sqrt(by_rows + by_seeds)
        freedom = error**4 / (by_rows**2 / (gain.shape[1] - 1) + by_seeds**2 / (gain.shape[0] - 1))
        reach = scipy.stats.t.ppf(0.975, freedom) * error
        assert (one.difference, one.low, one.high) == pytest.approx(
            (gain.mean(), gain.mean() - reach, gain.mean() + reach)
        )
        assert one.p_value == pytest.approx(2 * scipy.stats.t.sf(abs(gain.mean()) / error, freedom))
        assert one.rmse is not None
        roots = {name: np.sqrt(value.mean()) for name, value in squares.items()}
        assert one.rmse.value == pytest.approx(roots["evolution"] - roots[one.rival])
        # Both say the same of 0.
        assert (one.rmse.low > 0 or one.rmse.high < 0) == (one.low > 0 or one.high < 0)
    assert [one.conclusion for one in found.comparisons] == ["better", "worse"]
    assert [one.adjusted_p_value for one in found.comparisons] == list(holm([one.p_value for one in found.comparisons]))
    assert found.ensemble is not None
    mean = np.mean(arms[0].predictions, axis=0)
    assert found.ensemble.test_score == pytest.approx(sklearn.metrics.r2_score(TARGETS, mean))
    assert found.floor is not None
    assert found.floor.rmse == pytest.approx(np.sqrt(np.mean(np.square(TARGETS - MEAN))))


def test_to_answer_the_mean_is_to_have_learned_nothing() -> None:
    found = regression_verdict(constant(number_arm("evolution", 40)), constant(number_arm("hand_100", 40), noise=2.0))

    assert not any(arm.floor is not None and arm.floor.above for arm in found.arms)
    assert found.sentence.startswith("Nothing was learned: no network is shown to predict progression")


Numbers = npt.NDArray[np.float64]


def _twins(rng: np.random.Generator, seeds: int, rows: int, tail: float) -> tuple[Numbers, Numbers]:
    """Two arms without a difference on rows whose errors have heavy tails, each with luck of seeds and liking."""
    scale = np.exp(rng.normal(0, 0.7, rows))
    noise = rng.standard_t(tail, rows) * scale

    def arm() -> Numbers:
        liking, luck = rng.normal(0, 0.4, rows) * scale, rng.normal(0, 0.25, (seeds, 1))
        answers: Numbers = noise + liking + luck + rng.normal(0, 0.3, (seeds, rows)) * scale
        return answers

    return arm(), arm()


@pytest.mark.parametrize(("seeds", "rows", "tail"), [(5, 80, 3.0), (5, 400, 3.0), (5, 80, 30.0), (10, 30, 5.0)])
def test_the_test_on_squared_errors_keeps_its_level(seeds: int, rows: int, tail: float) -> None:
    """False alarms under the null, also where squared errors hardly have a variance; 5 % and three standard errors."""
    rng = np.random.default_rng(7)
    scoring = R2(np.concatenate([np.zeros(rows - 1), [float(rows)]]), 0.0)
    alarms = 0
    for _ in range(600):
        one, other = (1 - np.square(errors) for errors in _twins(rng, seeds, rows, tail))
        alarms += paired_test(one, other, scoring.estimate).p_value < 0.05

    assert alarms / 600 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_the_test_on_balanced_accuracy_keeps_its_level_and_finds_differences() -> None:
    rng = np.random.default_rng(8)
    targets = np.repeat([0, 1, 2], [150, 40, 10])
    scoring = BalancedAccuracy(targets, 0)

    def found(gain: float) -> Estimate:
        difficulty = rng.normal(0.8, 1.0, len(targets)) - targets
        one, other = (
            rng.random((5, len(targets)))
            < 1 / (1 + np.exp(-(difficulty + skill + rng.normal(0, 0.5, len(targets)) + rng.normal(0, 0.3, (5, 1)))))
            for skill in (gain, 0.0)
        )
        return paired_test(one, other, scoring.estimate)

    alarms = sum(found(0.0).p_value < 0.05 for _ in range(600))
    assert alarms / 600 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
    assert sum(found(2.5).p_value < 0.05 for _ in range(60)) > 50
