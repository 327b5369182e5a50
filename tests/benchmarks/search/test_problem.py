from dataclasses import replace

import numpy as np
import pytest

from benchmarks.search.problem import Problem, Trial
from benchmarks.search.table import VALIDATION_ACCURACY
from tests.benchmarks.search.tiny import GRID, SEEDS, SUBJECT, network, tiny_table

PROBLEM = Problem(tiny_table())


def test_the_best_network_has_no_regret_and_every_other_what_it_misses() -> None:
    values = tiny_table().true_values
    regrets = [PROBLEM.regret(architecture) for architecture in GRID.architectures]

    assert min(regrets) == regrets[int(values.argmax())] == 0.0
    np.testing.assert_allclose(regrets, 100 * (values.max() - values))


def test_a_true_value_is_the_mean_of_the_seeds_at_their_best_epochs() -> None:
    accuracy = tiny_table().curves[..., VALIDATION_ACCURACY].astype(np.float64)

    for index, architecture in enumerate(GRID.architectures):
        assert PROBLEM.true_value(architecture) == pytest.approx(accuracy[index].max(axis=1).mean())


def test_a_trial_gets_one_seeds_value_and_every_seed_comes_up() -> None:
    index = 6
    architecture = GRID.architectures[index]
    drawn = [PROBLEM.outcome(Trial(architecture, (seed,), 3)).curve for seed in range(20)]
    curves = tiny_table().curves[index].tolist()
    known = [tuple(tuple(row) for row in curve) for curve in curves]
    found = {
        known.index(tuple((epoch.train_loss, epoch.validation_loss, epoch.validation_score) for epoch in curve))
        for curve in drawn
    }

    assert found == set(range(SEEDS))
    assert PROBLEM.outcome(Trial(architecture, (7,), 3)) == PROBLEM.outcome(Trial(architecture, (7,), 3))


def test_a_trial_that_stops_early_gets_what_was_reached_by_then_and_costs_as_much() -> None:
    architecture = GRID.architectures[9]
    full = PROBLEM.outcome(Trial(architecture, (1,), 3))
    early = PROBLEM.outcome(Trial(architecture, (1,), 2))
    rest = PROBLEM.outcome(Trial(architecture, (1,), 3, trained=2))

    assert early.curve == full.curve[:2]
    assert early.value == pytest.approx(max(epoch.validation_score for epoch in full.curve[:2]))
    assert (early.epochs, rest.epochs, full.epochs) == (2, 1, 3)
    assert early.flops + rest.flops == full.flops == architecture.training_flops * len(SUBJECT.dataset.train) * 3
    assert rest.value == full.value


def test_replicates_give_their_mean_and_cost_the_sum() -> None:
    architecture = GRID.architectures[9]
    single = [PROBLEM.outcome(Trial(architecture, (seed,), 3)) for seed in (1, 2, 3)]
    together = PROBLEM.outcome(Trial(architecture, (1, 2, 3), 3))

    assert together.scores == tuple(one.scores[0] for one in single)
    assert together.value == pytest.approx(np.mean(together.scores))
    assert together.curve == single[0].curve
    assert (together.epochs, together.flops) == (9, sum(one.flops for one in single))


@pytest.mark.parametrize(("epochs", "trained"), [(0, 0), (4, 0), (2, 2), (2, -1)])
def test_epochs_that_the_table_does_not_have_are_refused(epochs: int, trained: int) -> None:
    with pytest.raises(ValueError, match="1 to 3 epochs"):
        PROBLEM.outcome(Trial(GRID.architectures[0], (1,), epochs, trained))


def test_a_diverged_training_has_no_value_and_costs_what_it_ran() -> None:
    table = tiny_table()
    curves = table.curves.copy()
    curves[3, :, 1:] = np.nan
    problem = Problem(replace(table, curves=curves))
    architecture = GRID.architectures[3]

    outcome = problem.outcome(Trial(architecture, (1,), 3))

    assert outcome.value is None
    assert outcome.scores == ()
    assert (len(outcome.curve), outcome.epochs) == (1, 2)
    assert problem.outcome(Trial(architecture, (1,), 1)).value is not None
    assert problem.true_value(architecture) == 0.0


def test_widths_between_those_of_the_grid_are_the_nearest() -> None:
    near, exact = (network(widths, "tanh") for widths in ((5, 7), (4, 8)))

    assert PROBLEM.true_value(near) == PROBLEM.true_value(exact)
    assert PROBLEM.outcome(Trial(near, (3,), 3)) == PROBLEM.outcome(Trial(exact, (3,), 3))


def test_all_networks_have_the_whole_hypervolume_and_what_is_below_the_median_has_none() -> None:
    values = tiny_table().true_values
    largest = GRID.architectures[int(tiny_table().parameters.argmax())]
    poor = [GRID.architectures[index] for index in np.flatnonzero(values < np.median(values))]

    assert PROBLEM.hypervolume_share(GRID.architectures) == pytest.approx(1.0)
    assert len(poor) > 2
    assert PROBLEM.hypervolume_share([largest, *poor]) == 0.0
    assert any(0 < PROBLEM.hypervolume_share([architecture]) < 1 for architecture in GRID.architectures)


def test_a_random_networks_cost_weighs_every_depth_alike() -> None:
    flops = tiny_table().epoch_flops
    by_depth = [flops[:1].mean(), flops[1:5].mean(), flops[5:].mean()]

    assert PROBLEM.random_training_flops == pytest.approx(np.mean(by_depth) * 3)
