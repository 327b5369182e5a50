"""The searches that are compared: a strategy that costs nothing, and two other ways of driving any strategy.

`FreeRunning` and `Generational` are searches like the product's own, so that the same loop and the same evaluator drive
all three; they ask the same strategies and only differ in what these may look at, and when.
"""

import math
from collections.abc import Sequence
from typing import Protocol

from benchmarks.simulation.workload import Purpose
from core.architecture import MAX_UNITS, Architecture, Dense
from core.training import TrainingConfig
from evolution.candidate import SEED_LIMIT, Candidate, Evaluation
from evolution.errors import SearchOrderError
from evolution.rng import stream
from evolution.search import StopReason
from evolution.virtual_clock_search import View, VirtualClockSearch

TRAINING = TrainingConfig(epochs=8)
INPUTS, OUTPUTS = 64, 10
MEDIAN_UNITS = 500
"""The widest network that may be built, 131 times as wide, is met once in two million draws."""


def network(units: int) -> Architecture:
    """Return the network of one hidden layer whose cost is in proportion to `units`, to one part in thousands."""
    return Architecture((INPUTS,), (Dense(units, "relu"),), OUTPUTS)


class LogNormalSearch(VirtualClockSearch):
    """Networks of one layer, whose costs are log-normal with sigma 1; looks at nothing.

    It is the trivial search by which the driver itself is measured, and the costs are those for which the virtual clock
    was designed.
    """

    def propose(self, number: int, view: View) -> Candidate:  # noqa: ARG002 - it looks at nothing
        """Draw the width of candidate `number`."""
        rng = stream(self.seed, Purpose.COST, number)
        units = min(max(1, round(MEDIAN_UNITS * math.exp(rng.standard_normal()))), MAX_UNITS)
        return Candidate(number, (), "draw", int(rng.integers(SEED_LIMIT)), network(units), TRAINING)


class Strategy(Protocol):
    """The part of a search that decides a candidate from what is visible."""

    def propose(self, number: int, view: View) -> Candidate | None:
        """Decide candidate `number`; None when there is no further network."""
        ...


class _Driven:
    """What both other ways share: numbering, the budget in evaluations, and the order of `tell`."""

    def __init__(self, strategy: Strategy, budget: int) -> None:
        self._strategy = strategy
        self._budget = budget
        self._view = View()
        self._open: set[int] = set()
        self._exhausted = False

    @property
    def done(self) -> bool:
        """Whether nothing will be proposed any more and every proposal was answered."""
        return self.stop_reason is not None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the search is done; None while it is not."""
        if self._open:
            return None
        if len(self._view.candidates) >= self._budget:
            return "budget"
        return "space exhausted" if self._exhausted else None

    def tell(self, evaluation: Evaluation) -> None:
        """Take a result, which the strategy sees from now on."""
        try:
            self._open.remove(evaluation.candidate.number)
        except KeyError:
            raise SearchOrderError(f"candidate {evaluation.candidate.number} is not being trained") from None
        self._view.reveal(evaluation)

    def resume(self, candidates: Sequence[Candidate], evaluations: Sequence[Evaluation]) -> None:
        """Refuse: what these searches decide depends on an order of arrival that no row tells."""
        raise SearchOrderError(
            f"{len(candidates)} candidates and {len(evaluations)} evaluations cannot be resumed: "
            "only a search in virtual time can go on from its rows"
        )

    def _propose(self) -> Candidate | None:
        number = len(self._view.candidates)
        if self._exhausted or number >= self._budget:
            return None
        candidate = self._strategy.propose(number, self._view)
        if candidate is None:
            self._exhausted = True
            return None
        self._view.candidates.append(candidate)
        self._view.pending[number] = candidate
        self._view.networks.add(candidate.key)
        self._open.add(number)
        return candidate


class FreeRunning(_Driven):
    """Ordinary asynchronous search: proposes whenever one of `workers` is idle, from all that has arrived."""

    def __init__(self, strategy: Strategy, *, budget: int, workers: int) -> None:
        super().__init__(strategy, budget)
        self._workers = workers

    def ask(self) -> Candidate | None:
        """Propose the next candidate; None while all workers are busy."""
        return self._propose() if len(self._open) < self._workers else None


class Generational(_Driven):
    """Proposes `size` candidates, waits for all of them, and goes on to the next generation."""

    def __init__(self, strategy: Strategy, *, budget: int, size: int) -> None:
        super().__init__(strategy, budget)
        self._size = size
        self._left = size

    def ask(self) -> Candidate | None:
        """Propose the next candidate of the generation; None while it is complete and being trained."""
        if self._left == 0:
            if self._open:
                return None
            self._left = self._size
        candidate = self._propose()
        if candidate is not None:
            self._left -= 1
        return candidate
