from dataclasses import replace

import numpy as np
import pytest

from benchmarks.search.real_runs.final_phase import (
    FINAL_SEEDS,
    FINALIST_SEEDS,
    HAND_DESIGN,
    LEADERS,
    LOGISTIC_REGRESSION,
    final_phase,
)
from benchmarks.search.real_runs.searches import EVOLUTION, TPE, Found, evolve
from core.architecture import Architecture, Dense
from core.dataset import Split
from core.training import train
from evolution.rng import Purpose, seed63
from tests.benchmarks.search.real_runs.tiny import TASK

SEED = 3


def test_the_winner_is_one_of_the_leaders_and_every_arm_answers_all_test_rows() -> None:
    found = evolve(TASK, SEED, 8)
    outcome = final_phase(TASK, SEED, [found])
    winner = outcome.arms[EVOLUTION]
    rows = 0 if TASK.dataset.test is None else len(TASK.dataset.test)

    assert list(outcome.arms) == [EVOLUTION, LOGISTIC_REGRESSION, HAND_DESIGN]
    assert winner.architecture in {one.architecture for one in found.leaders[:LEADERS]}
    assert winner.finalist_score is not None
    assert all(arm.correct.shape == (rows,) for arm in outcome.arms.values())
    assert outcome.finals.evaluations == LEADERS * FINALIST_SEEDS + 3 * FINAL_SEEDS
    assert outcome.finals.epochs == outcome.finals.evaluations * TASK.final_training.epochs


def test_a_test_accuracy_is_the_mean_over_the_final_seeds_of_networks_trained_by_the_final_recipe() -> None:
    outcome = final_phase(TASK, SEED, [evolve(TASK, SEED, 4)])
    architecture = Architecture(TASK.dataset.input_shape, (Dense(100, "relu"),), TASK.dataset.outputs)
    test = TASK.dataset.test
    assert test is not None
    expected = []
    for index in range(FINAL_SEEDS):
        seed = seed63(SEED, Purpose.RETRAINING, index)
        network = train(architecture, TASK.dataset, TASK.final_training, seed=seed).network
        expected.append((network.predict_prepared(test.flat_inputs) == test.targets).mean())

    assert outcome.arms[HAND_DESIGN].accuracy == pytest.approx(np.mean(expected))


def test_the_test_rows_have_no_say_in_who_wins() -> None:
    test = TASK.dataset.test
    assert test is not None
    other = Split(test.inputs[::-1].copy(), (test.targets + 1) % TASK.dataset.outputs)
    task = replace(TASK, dataset=replace(TASK.dataset, test=other))
    one, two = (final_phase(each, SEED, [evolve(each, SEED, 8)]).arms[EVOLUTION] for each in (TASK, task))

    assert one.architecture == two.architecture
    assert one.finalist_score == two.finalist_score
    assert one.accuracy != two.accuracy


def test_a_search_all_of_whose_trainings_diverged_is_named() -> None:
    with pytest.raises(ValueError, match="every training of Optuna TPE diverged on blobs, search seed 3"):
        final_phase(TASK, SEED, [evolve(TASK, SEED, 2), Found(TPE, (), (), 0.0)])
