import pytest

from benchmarks.search.optuna_peers import has_optuna
from benchmarks.search.real_runs.searches import Found, best_seen, evolve, optimize_by_tpe
from core.architecture import Architecture, Dense
from evolution.anchors import anchors
from evolution.candidate import Candidate, Evaluation
from tests.benchmarks.search.real_runs.tiny import TASK

needs_optuna = pytest.mark.skipif(not has_optuna(), reason="Optuna is not installed")

SPACE = TASK.space


def seen(number: int, widths: tuple[int, ...], score: float | None) -> Evaluation:
    architecture = Architecture(SPACE.input_shape, tuple(Dense(units, "relu") for units in widths), SPACE.outputs)
    candidate = Candidate(number, (), "tpe", number, architecture, TASK.training)
    return Evaluation(candidate, score, "diverged" if score is None else None, (), epochs=2, flops=1, seconds=0.0)


def outcomes(found: Found) -> list[object]:
    return [evaluation.outcome() for evaluation in found.evaluations]


def test_evolution_spends_its_trainings_and_recommends_what_it_trained() -> None:
    found = evolve(TASK, 3, 14)

    assert len(found.evaluations) == 14
    assert found.epochs == 14 * TASK.training.epochs
    assert {one.architecture for one in found.leaders} == {one.candidate.architecture for one in found.evaluations}
    assert outcomes(evolve(TASK, 3, 14)) == outcomes(found)
    assert outcomes(evolve(TASK, 4, 14)) != outcomes(found)


def test_what_was_seen_ranks_networks_by_their_highest_value_and_leaves_failures_out() -> None:
    ranked = best_seen(
        [seen(0, (8,), 0.7), seen(1, (4,), 0.9), seen(2, (16,), None), seen(3, (8,), 0.9), seen(4, (32,), 0.95)]
    )

    assert [(one.architecture.widths, one.mean, one.trainings) for one in ranked] == [
        ((32,), 0.95, 1),
        ((8,), 0.9, 2),
        ((4,), 0.9, 1),
    ]


@needs_optuna
@pytest.mark.parametrize("with_anchors", [False, True])
def test_tpe_spends_the_same_epochs_on_networks_of_the_same_space(with_anchors: bool) -> None:
    # One epoch more than 14 trainings take: a training that began is finished.
    found = optimize_by_tpe(TASK, 3, 29, with_anchors=with_anchors)
    networks = [evaluation.candidate.architecture for evaluation in found.evaluations]

    assert found.epochs == 30
    assert all(SPACE.contains(architecture) for architecture in networks)
    assert (tuple(networks[:10]) == anchors(SPACE)) == with_anchors
    assert found.leaders[0].mean == max(evaluation.fitness or 0.0 for evaluation in found.evaluations)
    assert outcomes(optimize_by_tpe(TASK, 3, 29, with_anchors=with_anchors)) == outcomes(found)
