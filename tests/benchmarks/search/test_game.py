import pytest

from benchmarks.search.game import MEASURES, Mark, most_trainings, play
from benchmarks.search.player import Recommendation
from benchmarks.search.problem import Outcome, Problem, Trial
from core.architecture import Architecture
from tests.benchmarks.search.tiny import GRID, tiny_table

PROBLEM = Problem(tiny_table())


class Walker:
    """Trains the grid's networks in order and recommends the last one that it was told about."""

    def __init__(self, *, epochs: int = 3, seeds: int = 1, number: int = len(GRID)) -> None:
        self._waiting = [
            Trial(architecture, tuple(range(seeds)), epochs) for architecture in GRID.architectures[:number]
        ]
        self.told: list[Trial] = []

    def ask(self) -> Trial | None:
        return self._waiting[0] if self._waiting else None

    def tell(self, outcome: Outcome) -> None:
        self.told.append(self._waiting.pop(0))

    def recommend(self) -> Recommendation:
        return Recommendation(self.told[-1].architecture, 0.5)

    def front(self) -> list[Architecture]:
        return [trial.architecture for trial in self.told]


def marks_of(player: Walker, measure: str, *limits: int) -> list[Mark]:
    return [mark for mark in play(player, PROBLEM, limits) if mark.measure == measure]


def test_a_mark_rests_on_what_the_limit_pays_for() -> None:
    assert [mark.standing.spent for mark in marks_of(Walker(), "trainings", 2, 5)] == [2, 5]
    assert [mark.standing.spent for mark in marks_of(Walker(), "epochs", 2, 5)] == [2, 5]


def test_stopped_trainings_are_cheaper_in_epochs_and_not_in_number() -> None:
    assert [mark.standing.spent for mark in marks_of(Walker(epochs=1), "trainings", 2)] == [2]
    assert [mark.standing.spent for mark in marks_of(Walker(epochs=1), "epochs", 2)] == [6]


def test_every_replicate_is_a_training() -> None:
    assert [mark.standing.spent for mark in marks_of(Walker(seeds=2), "trainings", 3, 4)] == [2, 4]


def test_flops_are_counted_in_trainings_of_a_random_network() -> None:
    spent = 0.0
    affordable = 0
    for architecture in GRID.architectures:
        spent += PROBLEM.outcome(Trial(architecture, (0,), 3)).flops / PROBLEM.random_training_flops
        affordable += spent <= 4

    assert affordable > 0
    assert [mark.standing.spent for mark in marks_of(Walker(), "flops", 4)] == [affordable]


def test_a_mark_compares_the_recommended_network_with_the_truth() -> None:
    standing = marks_of(Walker(), "trainings", 7)[0].standing
    architecture = GRID.architectures[6]

    assert standing.regret == PROBLEM.regret(architecture)
    assert standing.promise == pytest.approx(100 * (0.5 - PROBLEM.true_value(architecture)))
    assert standing.share == PROBLEM.hypervolume_share(GRID.architectures[:7])


def test_every_measure_has_every_limit_even_where_nothing_is_left_to_train() -> None:
    marks = play(Walker(number=3), PROBLEM, (2, 50))

    assert {(mark.measure, mark.limit) for mark in marks} == {(name, limit) for name in MEASURES for limit in (2, 50)}
    assert {mark.standing.spent for mark in marks if mark.limit == 50} == {3}


def test_a_game_ends_although_cheap_networks_never_spend_the_flops() -> None:
    player = Walker()
    play(player, PROBLEM, (4,))

    assert len(player.told) <= most_trainings([4])
