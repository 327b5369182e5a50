from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.training import Epoch, TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.evolutionary_search import EvolutionarySearch
from evolution.ladder import RUNG_DIVISOR, RungMap, is_trusted, pair_of, rung_epochs, spearman
from evolution.recommendation import standings
from evolution.search import Budget
from evolution.space import SearchSpace
from tests.evolution.builders import candidate
from tests.evolution.drivers import Rows, drive, drive_with_kills

WIDE = SearchSpace((6,), 3)
SIX = TrainingConfig(epochs=6)


def curve(score: float, early: float, epochs: int) -> tuple[Epoch, ...]:
    """The score of the second epoch is `early`, that of the last `score`."""
    values = [early - 0.1, early, *np.linspace(early, score, 4)][:epochs]
    return tuple(Epoch(1.0, 1.0, float(value)) for value in values)


def trained(one: Candidate, score: float, early: float) -> Evaluation:
    epochs = one.planned_epochs
    shown = curve(score, early, epochs)
    return Evaluation(one, max(e.validation_score for e in shown), None, shown, epochs, 1, 0.1)


def steady(one: Candidate) -> Evaluation:
    """Short trainings tell the long ones: wide networks are better from the start."""
    score = 0.5 + 0.05 * np.log2(sum(one.architecture.widths) + 1) / 2
    return trained(one, score + np.random.default_rng(one.seed).normal(0, 0.002), score - 0.2)


def crossing(one: Candidate) -> Evaluation:
    """Curves cross: what is good at the end is bad at first."""
    score = 0.5 + 0.05 * np.log2(sum(one.architecture.widths) + 1) / 2
    return trained(one, score, 0.4 - score / 4)


def make(evaluations: int | None = None, ladder: bool = True, parallelism: int = 3) -> EvolutionarySearch:
    budget = Budget(epochs=300) if evaluations is None else Budget(evaluations=evaluations)
    return EvolutionarySearch(WIDE, SIX, rows=100, seed=3, parallelism=parallelism, budget=budget, ladder=ladder)


def on_rung(rows: Rows) -> Rows:
    return [row for row in rows if row.candidate.stop_after is not None]


def test_a_rung_is_a_third_of_a_training() -> None:
    assert [rung_epochs(epochs) for epochs in (1, 2, 3, 6, 8, 100)] == [None, None, 1, 2, 3, 34]


def test_spearman_is_one_for_the_same_order_and_minus_one_for_the_opposite() -> None:
    values = np.array([0.1, 0.5, 0.2, 0.9])

    assert spearman(values, values**3) == pytest.approx(1)
    assert spearman(values, -values) == pytest.approx(-1)
    assert spearman(values, np.zeros(4)) == 0
    # By hand: ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4).
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.arange(4.0)) == pytest.approx(4.5 / np.sqrt(4.5 * 5))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30))
def test_a_map_from_the_rung_is_finite_and_keeps_the_order(pairs: list[tuple[float, float]]) -> None:
    rung = RungMap.fit(pairs)

    assert np.isfinite([rung(0.0), rung(1.0)]).all()
    assert rung(1.0) >= rung(0.0)
    assert 0 < rung.reliability <= 1


def test_the_map_finds_a_line() -> None:
    rung = RungMap.fit([(low, 0.3 + 0.5 * low) for low in (0.1, 0.4, 0.9)])

    assert (rung.intercept, rung.slope, rung.reliability) == pytest.approx((0.3, 0.5, 1.0))
    assert RungMap.fit([])(0.4) == 0.4


def test_a_steep_map_promises_nothing_far_from_what_was_seen() -> None:
    """Rung scores that hardly differ, and a network that learns at once: 0.1 + 1e-6 times a slope of 5e5."""
    rung = RungMap.fit([(0.1, 0.5), (0.1 + 1e-7, 0.55), (0.1 + 2e-7, 0.6)])

    assert rung([0.0, 0.1, 0.9]) == pytest.approx([0.4, 0.5, 0.7])


def test_a_network_whose_full_training_fails_is_promoted_once() -> None:
    def fails_when_promoted(one: Candidate) -> Evaluation:
        if one.operator == "promote":
            return Evaluation(one, None, "diverged in epoch 5", (), 5, 1, 0.1)
        return steady(one)

    rows = drive(make(), fails_when_promoted)
    promoted = [row.candidate.key for row in rows if row.candidate.operator == "promote"]

    assert len(promoted) > 5
    assert len(set(promoted)) == len(promoted)


def test_a_pair_needs_a_full_training_that_reached_the_rung() -> None:
    one = replace(candidate(), training=SIX)
    whole = trained(one, 0.9, 0.6)

    assert pair_of(whole) == (0.6, 0.9)
    assert pair_of(trained(replace(one, stop_after=2), 0.9, 0.6)) is None
    assert pair_of(replace(whole, curve=whole.curve[:1])) is None
    assert pair_of(replace(whole, fitness=None, error="diverged")) is None


def test_trust_needs_anchors_whose_order_agrees() -> None:
    ones = [replace(candidate(number, (4 * number + 4,)), training=SIX) for number in range(8)]

    assert is_trusted([steady(one) for one in ones])
    assert not is_trusted([crossing(one) for one in ones])
    assert not is_trusted([steady(one) for one in ones[:5]])


@pytest.mark.slow
def test_on_a_trusted_ladder_new_networks_stop_at_the_rung_and_a_third_is_promoted() -> None:
    rows = drive(make(), steady)
    short = on_rung(rows)
    promoted = [row for row in rows if row.candidate.operator == "promote"]
    by_number = {row.candidate.number: row.candidate for row in rows}

    assert len(short) > 30
    assert all(row.candidate.stop_after == 2 for row in short)
    assert len(short) // RUNG_DIVISOR - 1 <= len(promoted) <= len(short) // RUNG_DIVISOR
    for row in promoted:
        (first,) = row.candidate.parents
        assert by_number[first].stop_after == 2
        assert by_number[first].architecture == row.candidate.architecture
        assert row.candidate.stop_after is None
    assert len({row.candidate.architecture for row in promoted}) == len(promoted)


@pytest.mark.slow
def test_the_ladder_looks_at_more_networks_for_the_same_epochs() -> None:
    with_ladder, without = (drive(make(ladder=ladder), steady) for ladder in (True, False))

    assert sum(row.epochs for row in with_ladder) == pytest.approx(sum(row.epochs for row in without), abs=18)
    assert len(with_ladder) > 1.3 * len(without)


def test_where_curves_cross_nothing_is_cut_short() -> None:
    assert on_rung(drive(make(), crossing)) == []


def test_only_networks_that_were_trained_in_full_are_recommended() -> None:
    rows = drive(make(), steady)
    full = {row.candidate.architecture for row in rows if row.candidate.stop_after is None}

    assert {one.architecture for one in standings(rows, WIDE)} <= full


@pytest.mark.slow
def test_a_kill_at_every_evaluation_changes_nothing_on_the_ladder() -> None:
    assert drive_with_kills(make, Random(3), steady) == drive(make(), steady)
