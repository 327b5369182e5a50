"""All games of a contest: every strategy on every problem, repeated with other seeds, in one or several processes."""

import itertools
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks.search.game import Mark, most_trainings, play
from benchmarks.search.problem import Problem
from benchmarks.search.strategies import STRATEGIES, Strategy
from evolution.blas import pin_blas


@dataclass(frozen=True, slots=True)
class Game:
    """Who plays what, for which time."""

    strategy: str
    problem: str
    repeat: int


Played = tuple[Game, list[Mark]]


def games(strategies: Sequence[str], problems: Sequence[str], repeats: int) -> list[Game]:
    """List the games, all repeats of a strategy on a problem together."""
    return [Game(*one) for one in itertools.product(strategies, problems, range(repeats))]


def play_game(game: Game, strategy: Strategy, problem: Problem, limits: Sequence[int]) -> Played:
    """Play one game; its repeat is the player's seed, so all strategies meet the same ones."""
    return game, play(strategy.make(problem, game.repeat, most_trainings(limits)), problem, limits)


def play_in_turn(planned: Sequence[Game], problems: Mapping[str, Problem], limits: Sequence[int]) -> Iterator[Played]:
    """Play in this process."""
    for game in planned:
        yield play_game(game, STRATEGIES[game.strategy], problems[game.problem], limits)


def play_with_processes(
    planned: Sequence[Game], problems: Mapping[str, Problem], limits: Sequence[int], jobs: int
) -> Iterator[Played]:
    """Play in several processes, each of which gets the tables once; the games come back in order."""
    # "spawn", because a fork would take over whatever threads and locks the libraries hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _load, (dict(problems),)) as pool:
        yield from pool.map(_play_loaded, planned, itertools.repeat(tuple(limits)))


_LOADED: dict[str, Problem] = {}
"""A worker process's tables: megabytes, which must not travel with every game."""


def _load(problems: Mapping[str, Problem]) -> None:
    pin_blas()
    _LOADED.update(problems)


def _play_loaded(game: Game, limits: Sequence[int]) -> Played:
    return play_game(game, STRATEGIES[game.strategy], _LOADED[game.problem], limits)
