from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc

from evolution.errors import InvalidStatistics
from evolution.statistics import (
    crossed_mean,
    floor_test,
    holm,
    incomplete_beta,
    mean_interval,
    paired_test,
    share_interval,
    stratified_mean,
    student_t_cdf,
    student_t_quantile,
    student_t_survival,
    welch_test,
)

FREEDOMS = [0.7, 1.0, 2.0, 3.5, 4.0, 9.3, 30.0, 199.0, 1e4, 1e6]


@given(st.floats(0.05, 500), st.floats(0.05, 500), st.floats(0, 1))
def test_the_incomplete_beta_function_equals_scipys(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(betainc(a, b, x), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_the_t_distribution_equals_scipys(freedom: float) -> None:
    distribution = scipy.stats.t(freedom)
    for t in (-1e6, -40.0, -3.0, -0.5, -1e-9, 0.0, 1e-9, 0.2, 1.0, 2.5, 8.0, 300.0):
        assert student_t_cdf(t, freedom) == pytest.approx(distribution.cdf(t), rel=1e-8, abs=1e-300)
        assert student_t_survival(t, freedom) == pytest.approx(distribution.sf(t), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("probability", [1e-6, 0.025, 0.3, 0.5, 0.7, 0.975, 0.9999])
def test_the_quantile_equals_scipys(freedom: float, probability: float) -> None:
    expected = scipy.stats.t(freedom).ppf(probability)

    assert student_t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_the_interval_of_a_mean_equals_scipys() -> None:
    values = [0.91, 0.93, 0.90, 0.95, 0.92]
    expected = scipy.stats.t.interval(0.95, 4, np.mean(values), scipy.stats.sem(values))
    found = mean_interval(values)

    assert (found.low, found.high) == pytest.approx(expected)
    assert found.p_value == pytest.approx(scipy.stats.ttest_1samp(values, 0).pvalue)


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, and never below the one before.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx((0.06, 0.04, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)

    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    assert [adjusted[place] for place in np.argsort(p_values, kind="stable")] == sorted(adjusted)


def test_the_crossed_variance_by_hand() -> None:
    # Row means 1, 1, 4 (variance 3 over 3 rows), seed means 1, 3 (variance 2 over 2 seeds): 1 + 1 = 2.
    values = np.array([[0.0, 0.0, 3.0], [2.0, 2.0, 5.0]])
    found = crossed_mean(values)
    freedom = 2**2 / (1 / 2 + 1 / 1)
    reach = scipy.stats.t(freedom).ppf(0.975) * np.sqrt(2)

    assert found.mean == 2
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach))
    assert found.p_value == pytest.approx(2 * scipy.stats.t(freedom).sf(2 / np.sqrt(2)))


def test_arms_that_answer_alike_do_not_differ() -> None:
    correct = np.random.default_rng(1).random((5, 40)) < 0.9
    found = paired_test(correct, correct)

    # No row of 40 differed, which a share of up to one in ten is compatible with.
    assert (found.mean, found.p_value) == (0, 1)
    assert -0.1 < found.low == -found.high < 0


def test_an_arm_that_is_always_right_beats_one_that_is_always_wrong() -> None:
    always = np.ones((3, 20), bool)
    found = paired_test(always, ~always)

    assert (found.mean, found.p_value) == (1, 0)
    assert 0.8 < found.low < 1


def test_the_test_is_symmetric() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.random((4, 50)) < 0.9, rng.random((4, 50)) < 0.8
    forth, back = paired_test(one, other), paired_test(other, one)

    assert forth.mean == -back.mean
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))
    assert forth.p_value == pytest.approx(back.p_value)


def arms(rng: np.random.Generator, gain: float, seeds: int, rows: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Two arms that meet the same rows, each with its own luck with seeds and its own liking for rows."""
    difficulty = rng.normal(1.6, 1.2, rows)

    def arm(skill: float) -> npt.NDArray[Any]:
        liking, luck = rng.normal(0, 0.5, rows), rng.normal(0, 0.3, (seeds, 1))
        chance = 1 / (1 + np.exp(-(difficulty + liking + luck + skill)))
        correct: npt.NDArray[Any] = rng.random((seeds, rows)) < chance
        return correct

    return arm(gain), arm(0.0)


@pytest.mark.parametrize(("seeds", "rows"), [(2, 100), (5, 100), (5, 500), (10, 50)])
def test_equal_arms_are_told_apart_in_at_most_one_of_twenty_runs(seeds: int, rows: int) -> None:
    """The false alarms of 400 comparisons under the null; 5 % plus three standard errors is 8.3 %."""
    rng = np.random.default_rng(3)
    alarms = sum(paired_test(*arms(rng, 0.0, seeds, rows)).p_value < 0.05 for _ in range(400))

    assert alarms / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_real_difference_is_found() -> None:
    rng = np.random.default_rng(4)
    found = [paired_test(*arms(rng, 1.0, 5, 1000)) for _ in range(100)]

    assert sum(one.p_value < 0.05 for one in found) > 90
    assert all(one.low < one.mean < one.high for one in found)


def test_the_interval_covers_the_true_difference() -> None:
    rng = np.random.default_rng(5)
    truth = np.mean(
        [crossed_mean(one.astype(float) - other).mean for one, other in (arms(rng, 1.0, 5, 2000) for _ in range(100))]
    )
    covered = sum(one.low <= truth <= one.high for one in (paired_test(*arms(rng, 1.0, 5, 200)) for _ in range(300)))

    assert covered / 300 > 0.92


@pytest.mark.parametrize("shape", [(1, 10), (5, 1), (0, 10), (10,)])
def test_too_few_seeds_or_rows_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidStatistics, match="at least 2"):
        crossed_mean(np.ones(shape))


def test_what_cannot_be_computed_is_refused() -> None:
    with pytest.raises(InvalidStatistics, match="at least two"):
        mean_interval([0.5])
    with pytest.raises(InvalidStatistics, match="same seeds and rows"):
        paired_test(np.ones((2, 3), bool), np.ones((2, 4), bool))
    with pytest.raises(InvalidStatistics, match="p-values"):
        holm([0.5, float("nan")])
    with pytest.raises(InvalidStatistics, match="degrees of freedom"):
        student_t_cdf(1.0, 0.0)
    with pytest.raises(InvalidStatistics, match="probability"):
        student_t_quantile(1.0, 3.0)
    with pytest.raises(InvalidStatistics, match="incomplete beta"):
        incomplete_beta(1.0, 1.0, 1.5)
    with pytest.raises(InvalidStatistics, match="confidence"):
        mean_interval([0.1, 0.2], confidence=1.0)


@pytest.mark.slow
def test_with_five_seeds_the_test_keeps_its_level_where_seeds_matter() -> None:
    rng = np.random.default_rng(5)
    rejected = 0
    repeats = 1500
    for _ in range(repeats):
        row = rng.normal(2.0, 1.5, size=600)
        # Two arms without a difference, each with the luck of its own seeds.
        arms = [
            rng.random((5, 600))
            < 1 / (1 + np.exp(-(row + rng.normal(0, 0.35, size=(5, 1)) + rng.normal(0, 0.3, (5, 600)))))
            for _ in range(2)
        ]
        rejected += paired_test(arms[0], arms[1]).p_value < 0.05

    # Three standard errors of the simulation above the nominal level.
    assert rejected / repeats <= 0.05 + 3 * (0.05 * 0.95 / repeats) ** 0.5


def test_answers_that_are_all_alike_do_not_make_an_interval_of_no_width() -> None:
    estimate = crossed_mean(np.ones((5, 355)))

    # Wilson's interval at 355 of 355, with Student's quantile: n / (n + q^2).
    assert estimate.mean == 1.0
    assert estimate.low == pytest.approx(355 / (355 + 1.96671**2), abs=1e-5)


@pytest.mark.parametrize(("successes", "total"), [(0, 30), (30, 30), (7, 9), (333, 355)])
def test_the_interval_of_a_share_equals_scipys(successes: int, total: int) -> None:
    expected = scipy.stats.binomtest(successes, total).proportion_ci(method="wilson")

    assert share_interval(successes, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_welchs_test_equals_scipys() -> None:
    one, other = [0.91, 0.93, 0.90, 0.95], [0.80, 0.99, 0.85]
    found = welch_test(one, other)
    expected = scipy.stats.ttest_ind(one, other, equal_var=False)
    interval = expected.confidence_interval()

    assert found.mean == pytest.approx(np.mean(one) - np.mean(other))
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert welch_test([0.5, 0.5], [0.5, 0.5]).p_value == 1


def test_the_floor_is_tested_like_an_arm_that_answers_alike_for_every_seed() -> None:
    rng = np.random.default_rng(6)
    correct, floor = rng.random((5, 60)) < 0.5, rng.random(60) < 0.3

    assert floor_test(correct, floor) == paired_test(correct, np.tile(floor, (5, 1)))
    assert floor_test(np.tile(floor, (5, 1)), floor).p_value == 1


def test_new_statistics_refuse_what_they_cannot_compute() -> None:
    with pytest.raises(InvalidStatistics, match="at least two values on each side"):
        welch_test([0.5], [0.5, 0.6])
    with pytest.raises(InvalidStatistics, match="successes"):
        share_interval(3, 2)
    with pytest.raises(InvalidStatistics, match="rows"):
        floor_test(np.ones((2, 3), bool), np.ones(4, bool))


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "rows", "arms"), [(10, 355, 7), (2, 100, 7), (3, 30, 10)])
def test_on_shuffled_labels_something_is_learned_in_at_most_one_of_twenty_verdicts(
    classes: int, rows: int, arms: int
) -> None:
    """The level of the floor's test over a whole verdict: any arm above the floor, after Holm, is a false alarm.

    Every arm answers as networks on shuffled labels do: by rules of its own that know nothing of the label, alike for
    all arms in part (they saw the same rows) and for the seeds of one arm in a greater part.
    """
    rng = np.random.default_rng(7)
    repeats, alarms = 200, 0
    for _ in range(repeats):
        targets = rng.integers(classes, size=rows)
        common = rng.integers(classes, size=rows)
        p_values, above = [], []
        for _ in range(arms):
            own = np.where(rng.random(rows) < 0.4, common, rng.integers(classes, size=rows))
            answers = np.where(rng.random((5, rows)) < 0.6, own, rng.integers(classes, size=(5, rows)))
            found = floor_test(answers == targets, targets == 0)
            p_values.append(found.p_value)
            above.append(found.mean > 0)
        alarms += any(p < 0.05 and over for p, over in zip(holm(p_values), above, strict=True))

    # Three standard errors of the simulation above the nominal level.
    assert alarms / repeats <= 0.05 + 3 * (0.05 * 0.95 / repeats) ** 0.5


def test_an_arm_that_learned_a_little_is_above_the_floor() -> None:
    rng = np.random.default_rng(8)
    found = [floor_test(*_learned(rng)) for _ in range(50)]

    assert sum(one.p_value < 0.05 and one.mean > 0 for one in found) > 45


def _learned(rng: np.random.Generator) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    targets = rng.integers(10, size=355)
    return np.where(rng.random((5, 355)) < 0.2, targets, rng.integers(10, size=(5, 355))) == targets, targets == 0


def test_the_mean_over_strata_is_that_of_their_means() -> None:
    rng = np.random.default_rng(9)
    strata = np.repeat([0, 1, 7], [30, 8, 2])
    values = rng.normal(size=(5, 40)) + strata
    found = stratified_mean(values, strata)
    means = [values[:, strata == one].mean() for one in (0, 1, 7)]

    assert found.mean == pytest.approx(np.mean(means))
    assert found.low < found.mean < found.high
    # Differences between strata are no chance.
    assert found.high - found.low < crossed_mean(values).high - crossed_mean(values).low + 3.0
    assert stratified_mean(np.tile(strata.astype(float), (5, 1)), strata, shares=False).high == pytest.approx(8 / 3)


def test_a_stratum_of_one_row_widens_the_interval() -> None:
    strata = np.array([0] * 20 + [1])
    values = np.zeros((5, 21))
    values[:, -1] = 1.0
    found = stratified_mean(values, strata)

    assert found.mean == 0.5
    assert found.low < 0.0
    assert found.high > 1.0


def test_strata_that_are_all_alike_do_not_make_an_interval_of_no_width() -> None:
    strata = np.repeat([0, 1], [50, 5])

    assert stratified_mean(np.ones((5, 55)), strata).low == pytest.approx(crossed_mean(np.ones((5, 5))).low)
    with pytest.raises(InvalidStatistics, match="strata"):
        stratified_mean(np.ones((5, 55)), strata[1:])


def test_numbers_that_are_all_alike_have_no_scale_to_widen_an_interval_by() -> None:
    found = crossed_mean(np.full((5, 20), 3.0), shares=False)

    assert (found.mean, found.low, found.high) == (3.0, 3.0, 3.0)
