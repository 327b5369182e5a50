"""One contract for all who play, and what only some of them promise."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from benchmarks.search.asha import AshaPlayer
from benchmarks.search.optuna_peers import has_optuna
from benchmarks.search.player import Player
from benchmarks.search.problem import Outcome, Problem, Trial
from benchmarks.search.search_player import SearchPlayer
from benchmarks.search.strategies import CHAMPION, PEERS, STRATEGIES, evolution
from evolution.anchors import anchors
from evolution.search import Budget
from tests.benchmarks.search.tiny import GRID, tiny_table

# Many whole searches: seconds in all.
pytestmark = pytest.mark.slow

PROBLEM = Problem(tiny_table())
NUMBER = 24

Played = tuple[Trial, Outcome]


def at_hand(names: Iterable[str]) -> list[ParameterSet]:
    return [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                STRATEGIES[name].needs_optuna and not has_optuna(), reason="Optuna is not installed"
            ),
        )
        for name in names
    ]


ALL = at_hand(STRATEGIES)
ANCHORS = "anchors alone, repeated"
BELIEVES_WHAT_IT_SAW = at_hand([name for name in (*PEERS, "Cambrian random") if name != ANCHORS])
# The tiny grid has one anchor, and without it nothing is left to recommend.
GOES_ON_WITHOUT_THE_BEST = at_hand([name for name in STRATEGIES if name != ANCHORS])


def moves(player: Player, problem: Problem = PROBLEM) -> Iterator[Played]:
    while (trial := player.ask()) is not None:
        outcome = problem.outcome(trial)
        player.tell(outcome)
        yield trial, outcome


def play(name: str, seed: int = 3, number: int = NUMBER) -> tuple[Player, list[Played]]:
    player = STRATEGIES[name].make(PROBLEM, seed, number)
    return player, list(islice(moves(player), number))


@pytest.mark.parametrize("name", ALL)
def test_every_trial_is_one_that_the_table_can_answer(name: str) -> None:
    _, played = play(name)

    assert 0 < len(played) <= NUMBER
    for trial, outcome in played:
        assert 0 <= GRID.index(trial.architecture) < len(GRID)
        assert 1 <= trial.epochs <= PROBLEM.epochs
        assert outcome.value is not None
    assert len({trial.seeds for trial, _ in played if trial.trained == 0}) == len(
        [trial for trial, _ in played if trial.trained == 0]
    )


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_plays_the_same_game_and_another_one_another(name: str) -> None:
    player, played = play(name)
    again, replayed = play(name)

    assert played == replayed
    assert player.recommend() == again.recommend()
    assert player.front() == again.front()
    assert play(name, seed=4, number=5)[1] != played[:5]


@pytest.mark.parametrize("name", BELIEVES_WHAT_IT_SAW)
def test_recommended_is_what_was_trained_longest_with_the_highest_value(name: str) -> None:
    player, played = play(name)
    longest = max(trial.epochs for trial, _ in played)
    seen = {
        (trial.architecture, outcome.value) for trial, outcome in played if trial.epochs == longest and outcome.value
    }
    chosen = player.recommend()

    assert (chosen.architecture, chosen.score) in seen
    assert chosen.score == max(value for _, value in seen if value is not None)


@pytest.mark.parametrize("name", BELIEVES_WHAT_IT_SAW)
def test_no_network_of_the_front_is_better_than_another_in_both(name: str) -> None:
    player, played = play(name)
    front = player.front()
    sizes = [architecture.parameter_count for architecture in front]
    seen: dict[object, float] = {}
    for trial, outcome in played:
        if trial.epochs == PROBLEM.epochs and outcome.value is not None:
            seen[trial.architecture] = max(outcome.value, seen.get(trial.architecture, 0.0))
    values = [seen[architecture] for architecture in front]

    assert player.recommend().architecture in front
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("name", [name for name in PEERS if not PEERS[name].needs_optuna])
def test_the_order_of_ask_and_tell_is_enforced(name: str) -> None:
    player = PEERS[name].make(PROBLEM, 1, NUMBER)
    trial = player.ask()

    assert trial is not None
    with pytest.raises(ValueError, match="not told yet"):
        player.ask()
    with pytest.raises(ValueError, match="nothing can be recommended"):
        player.recommend()
    player.tell(PROBLEM.outcome(trial))
    with pytest.raises(ValueError, match="nothing was asked"):
        player.tell(PROBLEM.outcome(trial))


@pytest.mark.parametrize("name", GOES_ON_WITHOUT_THE_BEST)
def test_a_network_whose_training_diverges_is_never_recommended(name: str) -> None:
    table = tiny_table()
    first = STRATEGIES[name].make(PROBLEM, 3, NUMBER).ask()
    assert first is not None
    bad = GRID.index(first.architecture)
    curves = table.curves.copy()
    curves[bad] = np.nan
    problem = Problem(replace(table, curves=curves))
    player = STRATEGIES[name].make(problem, 3, NUMBER)
    played = list(islice(moves(player, problem), NUMBER))
    failed = [outcome for trial, outcome in played if GRID.index(trial.architecture) == bad]

    assert failed
    assert all(outcome.value is None for outcome in failed)
    assert GRID.index(player.recommend().architecture) != bad


@pytest.mark.parametrize(
    "name", at_hand(["Optuna TPE, our anchors", "DEAP NSGA-II, our anchors", "Cambrian evolution"])
)
def test_who_gets_the_anchors_trains_them_first(name: str) -> None:
    table = replace(tiny_table(), grid=replace(GRID, max_depth=0, widths=(32, 128)))
    known = anchors(Problem(table).space)
    player = STRATEGIES[name].make(Problem(table), 1, 10)
    trial = player.ask()

    assert len(known) == 1
    assert trial is not None
    assert trial.architecture == known[0]


def test_anchors_alone_come_in_turn_and_the_highest_mean_is_recommended() -> None:
    grid = replace(GRID, max_depth=1, widths=(32, 128), activations=("relu", "tanh"))
    table = replace(tiny_table(), grid=grid, curves=tiny_table().curves[: len(grid)])
    problem = Problem(table)
    known = anchors(problem.space)
    player = PEERS[ANCHORS].make(problem, 1, NUMBER)
    played = list(islice(moves(player, problem), 40))
    values = {one: [outcome.value or 0.0 for trial, outcome in played if trial.architecture == one] for one in known}
    means = {one: np.mean(of) for one, of in values.items()}

    assert [trial.architecture for trial, _ in played[: len(known)]] == list(known)
    assert {len(of) for of in values.values()} == {40 // len(known)}
    assert player.recommend().architecture == max(means, key=lambda one: means[one])
    assert player.recommend().score == pytest.approx(max(means.values()))


def test_asha_goes_on_with_the_best_third_from_where_it_had_stopped() -> None:
    player = AshaPlayer(PROBLEM, 5)
    started: dict[tuple[int, ...], float] = {}
    promoted = 0
    for trial, outcome in islice(moves(player), 200):
        # A ninth and a third of three epochs are both one.
        assert (trial.trained, trial.epochs) in {(0, 1), (1, 3)}
        assert outcome.value is not None
        if trial.trained:
            third = sorted(started.values(), reverse=True)[: len(started) // 3]
            assert started[trial.seeds] >= third[-1]
            promoted += 1
        else:
            started[trial.seeds] = outcome.value

    assert promoted + len(started) == 200
    assert promoted >= len(started) // 3 - 1


def test_our_search_is_asked_until_its_workers_are_busy_and_told_in_order() -> None:
    search = evolution()(PROBLEM, 1, 4, Budget(evaluations=12))
    player = SearchPlayer(PROBLEM, search)
    first = player.ask()

    assert first is not None
    assert search.ask() is None

    player.tell(PROBLEM.outcome(first))
    rest = [trial for trial, _ in moves(player)]

    assert len({first.seeds, *(trial.seeds for trial in rest)}) == 12
    assert search.stop_reason == "budget"
    assert player.ask() is None


def test_the_champion_is_one_of_ours() -> None:
    assert STRATEGIES[CHAMPION].ours
