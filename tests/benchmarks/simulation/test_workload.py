import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from benchmarks.simulation.workload import Workload, curve
from core.training import predicted_flops
from evolution.candidate import Candidate
from evolution.errors import InvalidSearch
from tests.benchmarks.simulation.builders import ROWS, trivial, workload


def drawn(count: int) -> list[Candidate]:
    search = trivial(count, count)
    return [candidate for _ in range(count) if (candidate := search.ask()) is not None]


CANDIDATES = drawn(4000)


def test_the_order_of_the_calls_changes_nothing() -> None:
    load = workload(stragglers=0.1, deaths=0.2)
    shuffled = CANDIDATES[:200]
    Random(1).shuffle(shuffled)

    def answers(candidates: list[Candidate]) -> dict[int, object]:
        return {each.number: (load.attempt(each, 1), load.attempt(each, 0), load.fitness(each)) for each in candidates}

    assert answers(shuffled) == answers(CANDIDATES[:200])


def test_without_error_a_training_takes_what_was_predicted() -> None:
    load = workload(sigma=0.0, flops_per_second=2e9)
    for candidate in CANDIDATES[:20]:
        flops = predicted_flops(candidate.architecture, ROWS, candidate.training.epochs)

        assert load.attempt(candidate, 0).nanoseconds == pytest.approx(flops / 2, abs=1)


def test_the_error_is_log_normal_with_mean_one() -> None:
    exact, real = workload(sigma=0.0), workload(sigma=0.3)
    errors = np.array([real.attempt(c, 0).nanoseconds / exact.attempt(c, 0).nanoseconds for c in CANDIDATES])

    assert errors.mean() == pytest.approx(1, abs=0.02)
    assert np.log(errors).std() == pytest.approx(0.3, abs=0.01)


def test_shares_of_stragglers_and_deaths_are_kept() -> None:
    exact, real = workload(sigma=0.0), workload(sigma=0.0, stragglers=0.1, straggling=7.0, deaths=0.2)
    attempts = [(real.attempt(c, 0), exact.attempt(c, 0).nanoseconds) for c in CANDIDATES]
    alive = [one.nanoseconds / predicted for one, predicted in attempts if not one.dies]

    assert 1 - len(alive) / len(attempts) == pytest.approx(0.2, abs=0.02)
    assert {round(ratio) for ratio in alive} == {1, 7}
    assert np.mean([ratio > 2 for ratio in alive]) == pytest.approx(0.1, abs=0.02)
    assert all(one.nanoseconds <= 7 * predicted + 1 for one, predicted in attempts)


def test_a_second_attempt_is_drawn_anew() -> None:
    load = workload()

    assert load.attempt(CANDIDATES[0], 0) != load.attempt(CANDIDATES[0], 1)


def test_fitness_is_the_networks_plus_the_noise_of_the_seed() -> None:
    quiet, loud = workload(noise=0.0), workload(noise=0.005)
    twin = replace(CANDIDATES[0], number=1)

    assert quiet.fitness(CANDIDATES[0]) == quiet.fitness(twin)
    assert loud.fitness(CANDIDATES[0]) != loud.fitness(twin)
    # Those near to 1 are cut off there.
    noise = [loud.fitness(c) - quiet.fitness(c) for c in CANDIDATES if quiet.fitness(c) < 0.96]

    assert len(noise) > 500
    assert np.std(noise) == pytest.approx(0.005, rel=0.1)


def test_a_curve_ends_at_the_fitness() -> None:
    epochs = curve(0.75, 8)

    assert len(epochs) == 8
    assert epochs[-1].validation_score == 0.75
    assert all(math.isfinite(epoch.train_loss) for epoch in epochs)


@pytest.mark.parametrize(
    "change",
    [{"stragglers": 1.1}, {"deaths": -0.1}, {"sigma": -1.0}, {"noise": -1.0}, {"rows": 0}, {"flops_per_second": 0.0}],
)
def test_impossible_workloads_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InvalidSearch):
        replace(Workload(), **change)  # type: ignore[arg-type]
