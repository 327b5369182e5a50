import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from deap.tools import selection

from evolution.errors import InvalidSearch
from evolution.mutation import MUTATIONS
from evolution.toolbox import Fitness, individual, lend_random, make_operators
from tests.evolution.builders import SPACE, candidate, evaluation


def test_everything_is_registered_in_deaps_toolbox() -> None:
    operators = make_operators(SPACE, tournament=3)

    assert type(operators.toolbox).__module__ == "deap.base"
    assert all(hasattr(operators.toolbox, f"mutate_{name}") for name in MUTATIONS)
    assert hasattr(operators.toolbox, "mate")
    assert operators.toolbox.select.keywords == {"k": 1, "tournsize": 3}
    assert "deap.creator" not in sys.modules


def test_larger_is_better_and_the_lower_number_wins_a_tie() -> None:
    assert Fitness(0.5, 7) > Fitness(0.4, 1)
    assert Fitness(0.5, 1) > Fitness(0.5, 7)
    assert max(Fitness(0.5, 2), Fitness(0.5, 1), Fitness(0.1, 0)) == Fitness(0.5, 1)


def test_the_tournament_prefers_the_fit() -> None:
    operators = make_operators(SPACE, tournament=3)
    everyone = [individual(evaluation(candidate(number, (4,)), number / 10)) for number in range(10)]
    with lend_random(4):
        chosen = [operators.select(everyone)[0].number for _ in range(300)]

    # The best of ten is drawn into a tournament of three with 1 - 0.9**3 = 27 %.
    assert 0.2 < chosen.count(9) / 300 < 0.35
    assert chosen.count(0) < 5


def test_nobody_elses_draws_change_the_winners() -> None:
    operators = make_operators(SPACE, tournament=2)
    everyone = [individual(evaluation(candidate(number, (4,)), 0.5)) for number in range(20)]
    chosen: list[list[int]] = [[], []]
    for numbers, foreign in zip(chosen, (0, 3), strict=True):
        with lend_random(11):
            for _ in range(10):
                # What another thread does at any time.
                for _ in range(foreign):
                    random.random()
                numbers.append(operators.select(everyone)[0].number)

    assert chosen[0] == chosen[1]
    assert len(set(chosen[0])) > 1


def test_the_global_generator_stays_as_it_was() -> None:
    operators = make_operators(SPACE, tournament=2)
    everyone = [individual(evaluation(candidate(number, (4,)), 0.5)) for number in range(20)]
    state = random.getstate()
    with suppress(KeyError), lend_random(5):
        operators.select(everyone)
        raise KeyError

    assert random.getstate() == state
    assert selection.random is random


def test_two_threads_breed_as_each_would_alone() -> None:
    operators = make_operators(SPACE, tournament=2)
    everyone = [individual(evaluation(candidate(number, (4,)), 0.5)) for number in range(20)]

    def winners(seed: int) -> list[int]:
        chosen = []
        for step in range(200):
            with lend_random(seed + step):
                chosen.append(operators.select(everyone)[0].number)
        return chosen

    alone = [winners(seed) for seed in (0, 1000)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(winners, (0, 1000)))

    assert together == alone


def test_a_failed_evaluation_is_no_individual() -> None:
    with pytest.raises(InvalidSearch, match="candidate 3 failed"):
        individual(evaluation(candidate(3), None))
