import numpy as np
import pytest

from core.training import TrainingConfig
from evolution.breeding import breed, brood
from evolution.candidate import Key
from evolution.mutation import mutations
from evolution.recipe import RecipeSpace, recipe_of
from evolution.search import STRATEGIES, Budget, StrategyName
from evolution.space import SearchSpace
from evolution.strategies import make_search
from evolution.toolbox import Fitness, Individual, make_operators
from tests.evolution.builders import TRAINING
from tests.evolution.drivers import answer, drive

EVERYTHING = SearchSpace(
    (8, 8),
    3,
    max_layers=2,
    max_blocks=2,
    max_channels=8,
    kernels=(3, 5),
    dropout=(0.0, 0.2, 0.5),
    recipe=RecipeSpace(),
    max_parameters=20_000,
    max_inference_flops=200_000,
)


def parents(space: SearchSpace, training: TrainingConfig) -> list[Individual]:
    rng = np.random.default_rng(0)
    return [
        Individual(space.sample(rng), space.sample_training(training, rng), Fitness(0.5, number)) for number in range(6)
    ]


def test_every_operator_of_the_space_is_used_and_all_offspring_lies_in_it() -> None:
    pool, operators = parents(EVERYTHING, TRAINING), make_operators(EVERYTHING, 2)
    assert EVERYTHING.recipe is not None
    names = set()
    for seed in range(400):
        rng = np.random.default_rng(seed)
        child = breed(lambda rng=rng: pool[int(rng.integers(6))], operators, EVERYTHING, rng)  # type: ignore[misc]
        names |= set(child.operator.split("+"))

        assert EVERYTHING.contains(child.key[0])
        assert EVERYTHING.recipe.contains(recipe_of(child.key[1]))

    assert names >= {*mutations(EVERYTHING), "crossover", "recipe"}


def test_a_brood_holds_different_networks_that_are_new() -> None:
    space = SearchSpace((6,), 3)
    pool, operators = parents(space, TRAINING), make_operators(space, 2)

    def bred(size: int, known: set[Key]) -> list[Key]:
        rng = np.random.default_rng(1)
        found = brood(lambda: pool[0], operators, space, rng, size=size, training=TRAINING, known=known)
        return [one.key for one in found]

    first = bred(40, set())

    assert len(set(first)) == 40
    assert not set(bred(40, set(first))) & set(first)


def test_an_exhausted_space_has_no_brood() -> None:
    space = SearchSpace((6,), 3, 1, 1, 4, 5, ("tanh",))
    everything = {(architecture, TRAINING) for architecture in space.walk(0)}
    rng = np.random.default_rng(1)

    assert (
        brood(
            lambda: parents(space, TRAINING)[0],
            make_operators(space, 2),
            space,
            rng,
            size=10,
            training=TRAINING,
            known=everything,
        )
        == []
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_searches_structures_and_recipes_together(strategy: StrategyName) -> None:
    search = make_search(strategy, EVERYTHING, TRAINING, rows=100, seed=1, parallelism=4, budget=Budget(evaluations=60))
    candidates = [row.candidate for row in drive(search, answer)]
    assert EVERYTHING.recipe is not None

    assert all(EVERYTHING.contains(one.architecture) for one in candidates)
    assert all(EVERYTHING.recipe.contains(recipe_of(one.training)) for one in candidates)
    assert len({one.training for one in candidates}) > 10
    assert any(not one.architecture.is_dense for one in candidates)
