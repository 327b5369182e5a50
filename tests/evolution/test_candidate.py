import math
from dataclasses import replace
from typing import Any

import pytest

from core.architecture import Architecture, Dense
from evolution.candidate import SEED_LIMIT, Candidate, Evaluation, Prediction, best
from evolution.errors import InvalidCandidate
from tests.evolution.builders import TRAINING, architecture, candidate, evaluation


@pytest.mark.parametrize(
    ("number", "parents", "operator", "seed", "named"),
    [
        (-1, (), "random", 0, "number"),
        (0, (), "random", SEED_LIMIT, "seed"),
        (0, (), "random", -1, "seed"),
        (0, (), "", 0, "operator"),
        (1, (1,), "insert", 0, "parents"),
        (1, (-1,), "insert", 0, "parents"),
    ],
)
def test_a_candidate_that_cannot_be_is_refused(
    number: int, parents: tuple[int, ...], operator: str, seed: int, named: str
) -> None:
    with pytest.raises(InvalidCandidate, match=named):
        Candidate(number, parents, operator, seed, architecture(), TRAINING)


@pytest.mark.parametrize(
    ("fitness", "error"), [(None, None), (0.5, "diverged"), (math.nan, None), (math.inf, None), (None, "")]
)
def test_an_evaluation_has_either_a_finite_fitness_or_an_error(fitness: float | None, error: str | None) -> None:
    with pytest.raises(InvalidCandidate):
        Evaluation(candidate(), fitness, error, (), 0, 0, 0.0)


@pytest.mark.parametrize(("epochs", "flops", "seconds"), [(-1, 0, 0.0), (0, -1, 0.0), (0, 0, -1.0), (0, 0, math.nan)])
def test_costs_are_finite_and_not_negative(epochs: int, flops: int, seconds: float) -> None:
    with pytest.raises(InvalidCandidate):
        Evaluation(candidate(), 0.5, None, (), epochs, flops, seconds)


def test_the_outcome_leaves_out_what_differs_between_runs() -> None:
    one = Evaluation(candidate(), 0.5, None, (), 3, 7, 0.25, worker="here")
    other = Evaluation(candidate(), 0.5, None, (), 3, 7, 0.75, worker="there")

    assert one != other
    assert one.outcome() == other.outcome()


def test_the_best_has_the_highest_fitness_then_fewest_parameters_then_lowest_number() -> None:
    failed = evaluation(candidate(0), None)
    large = evaluation(candidate(1, (16,)), 0.9)
    small, twin = evaluation(candidate(2, (4,)), 0.9), evaluation(candidate(3, (4,)), 0.9)
    worse = evaluation(candidate(4, ()), 0.8)

    assert best([failed, large, twin, small, worse]) is small
    assert best([failed]) is None
    assert best([]) is None


def test_candidates_are_values() -> None:
    same = Candidate(0, (), "random", 1000, Architecture((6,), (Dense(8, "relu"),), 3), TRAINING)

    assert same == candidate()
    assert hash(same) == hash(candidate())


def test_replicates_and_stops_have_limits() -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"replicates": 0}, "replicates"),
        ({"replicates": 1001}, "replicates"),
        ({"stop_after": 0}, "stop_after"),
        ({"stop_after": TRAINING.epochs}, "stop_after"),
    )
    for changes, named in cases:
        with pytest.raises(InvalidCandidate, match=named):
            replace(candidate(), **changes)

    assert replace(candidate(), replicates=4, stop_after=2).planned_epochs == 8


@pytest.mark.parametrize("numbers", [(math.nan, 0.1, 0.0), (0.5, math.inf, 0.0), (0.5, -0.1, 0.0), (0.5, 0.1, -1e-9)])
def test_a_prediction_is_made_of_finite_numbers(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidCandidate, match="prediction"):
        Prediction(*numbers)


@pytest.mark.parametrize("scores", [(), (0.5,), (0.5, 0.5, 0.5), (0.5, math.nan)])
def test_every_replicate_has_a_finite_score(scores: tuple[float, ...]) -> None:
    with pytest.raises(InvalidCandidate, match="score"):
        replace(evaluation(candidate()), candidate=replace(candidate(), replicates=2), scores=scores)
