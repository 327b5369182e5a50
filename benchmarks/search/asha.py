"""Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020).

Algorithm 2 there, with one worker, on random networks: a network starts on the lowest rung of epochs; whenever one of
the best third of a rung was not promoted yet, it goes on to the next rung, from where its training had stopped.
"""

from benchmarks.search.peers import ETA, random_network
from benchmarks.search.player import PeerPlayer
from benchmarks.search.problem import Problem, Trial
from evolution.rng import Purpose, seed63, stream

RUNGS = 3


class AshaPlayer(PeerPlayer):
    """ASHA with three rungs: a ninth, a third and all of the epochs."""

    def __init__(self, problem: Problem, seed: int) -> None:
        super().__init__()
        self._problem, self._seed = problem, seed
        shares = (problem.epochs / ETA**below for below in reversed(range(RUNGS)))
        # Rungs that short trainings make equal are one.
        self._epochs = sorted({max(1, round(share)) for share in shares})
        self._rungs: list[list[tuple[float, Trial]]] = [[] for _ in self._epochs]
        self._promoted: list[set[int]] = [set() for _ in self._epochs]
        self._started = 0

    def next_trial(self) -> Trial:
        """Promote from the highest rung where that can be done, or start another network."""
        for rung in reversed(range(len(self._epochs) - 1)):
            reached = self._rungs[rung]
            order = sorted(range(len(reached)), key=lambda place: (-reached[place][0], place))
            for place in order[: len(reached) // ETA]:
                if place not in self._promoted[rung]:
                    self._promoted[rung].add(place)
                    trial = reached[place][1]
                    return Trial(trial.architecture, trial.seeds, self._epochs[rung + 1], trained=trial.epochs)
        number, self._started = self._started, self._started + 1
        architecture = random_network(self._problem, stream(self._seed, Purpose.BREEDING, number))
        return Trial(architecture, (seed63(self._seed, Purpose.TRAINING, number),), self._epochs[0])

    def learn(self, trial: Trial, value: float | None) -> None:
        """Note the value on the trial's rung; a diverged training is never promoted."""
        if value is not None:
            self._rungs[self._epochs.index(trial.epochs)].append((value, trial))
