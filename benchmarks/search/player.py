"""What every contestant is, whoever wrote it: asked what to train, told what that gave, and asked what it would use.

The order is ask, tell, ask, tell; `recommend` and `front` may come at any time after the first full result.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.search.hypervolume import non_dominated
from benchmarks.search.problem import Outcome, Trial
from core.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The network that a player would use, and the accuracy that it would promise for it."""

    architecture: Architecture
    score: float


class Player(Protocol):
    """A search strategy at work on one problem."""

    def ask(self) -> Trial | None:
        """Say what to train next; None when there is nothing left to train."""
        ...

    def tell(self, outcome: Outcome) -> None:
        """Take what the trial asked for last gave."""
        ...

    def recommend(self) -> Recommendation:
        """Choose a network after what was told so far."""
        ...

    def front(self) -> list[Architecture]:
        """Choose networks that trade accuracy for few parameters after what was told so far."""
        ...


class Record:
    """What a player saw, and the two choices that are made where a strategy has no model: it believes what it saw.

    The recommendation is the network with the highest value, among those that were trained longest; of equals the one
    with the fewest parameters, then the first. The front are the networks that none of these exceeds both in its value
    and in having few parameters.
    """

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        self.values: list[float | None] = []

    def add(self, trial: Trial, value: float | None) -> None:
        """Note a result; None for a training that diverged."""
        self.trials.append(trial)
        self.values.append(value)

    def recommend(self) -> Recommendation:
        """Return the luckiest; raises ValueError where nothing was trained or all diverged."""
        seen = self._longest()
        if not seen:
            raise ValueError("nothing can be recommended: no training has ended well")
        score, architecture = min(seen, key=lambda one: (-one[0], one[1].parameter_count))
        return Recommendation(architecture, score)

    def front(self) -> list[Architecture]:
        """Return what looks non-dominated; empty where nothing was trained or all diverged."""
        return observed_front(self._longest())

    def _longest(self) -> list[tuple[float, Architecture]]:
        seen = [(trial, value) for trial, value in zip(self.trials, self.values, strict=True) if value is not None]
        longest = max((trial.epochs for trial, _ in seen), default=0)
        return [(value, trial.architecture) for trial, value in seen if trial.epochs == longest]


def observed_front(seen: Iterable[tuple[float, Architecture]]) -> list[Architecture]:
    """Return the networks that no other exceeds both in its value and in having few parameters."""
    rows = list(seen)
    points = np.array([(value, -architecture.parameter_count) for value, architecture in rows], np.float64)
    return [rows[row][1] for row in non_dominated(points.reshape(-1, 2))]


class PeerPlayer(ABC):
    """The part that most peers share: they note every trial and recommend from what they noted."""

    def __init__(self) -> None:
        self.record = Record()
        self._asked: Trial | None = None

    @abstractmethod
    def next_trial(self) -> Trial | None:
        """Decide what to train next."""

    def learn(self, trial: Trial, value: float | None) -> None:  # noqa: B027 - most peers only note the result
        """Take the result into account; the record has it already."""

    def ask(self) -> Trial | None:
        """Say what to train next; None when there is nothing left to train."""
        if self._asked is not None:
            raise ValueError("the last trial was not told yet")
        self._asked = self.next_trial()
        return self._asked

    def tell(self, outcome: Outcome) -> None:
        """Take what the trial asked for last gave."""
        if self._asked is None:
            raise ValueError("nothing was asked for")
        trial, self._asked = self._asked, None
        self.record.add(trial, outcome.value)
        self.learn(trial, outcome.value)

    def recommend(self) -> Recommendation:
        """Choose the luckiest network."""
        return self.record.recommend()

    def front(self) -> list[Architecture]:
        """Choose the networks that look non-dominated."""
        return self.record.front()
