import random
import sys

import pytest

from evolution.errors import InvalidSearch
from evolution.mutation import MUTATIONS
from evolution.rng import lend_global_random
from evolution.toolbox import Fitness, individual, make_operators
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
    with lend_global_random(4):
        chosen = [operators.select(everyone)[0].number for _ in range(300)]

    # The best of ten is drawn into a tournament of three with 1 - 0.9**3 = 27 %.
    assert 0.2 < chosen.count(9) / 300 < 0.35
    assert chosen.count(0) < 5


def test_the_same_lent_stream_gives_the_same_winner() -> None:
    operators = make_operators(SPACE, tournament=2)
    everyone = [individual(evaluation(candidate(number, (4,)), 0.5)) for number in range(20)]
    drawn = []
    for noise in (1, 2):
        random.seed(noise)
        with lend_global_random(11):
            drawn.append(operators.select(everyone)[0].number)

    assert drawn[0] == drawn[1]


def test_a_failed_evaluation_is_no_individual() -> None:
    with pytest.raises(InvalidSearch, match="candidate 3 failed"):
        individual(evaluation(candidate(3), None))
