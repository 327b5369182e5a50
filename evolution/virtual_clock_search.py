"""The part that all strategies share: virtual clock, budget, and going on from stored rows.

A strategy only implements `propose`, a pure function of the candidate's number and of what is visible at its moment:

- Every candidate is booked on the virtual clock with its predicted cost. Its evaluation becomes visible at its
  virtual finish.
- `ask` decides candidate n at the first moment at which a virtual worker is free, and shows the strategy exactly the
  evaluations whose virtual finish lies at or before that moment, ordered by (virtual finish, number). It waits
  (returns None) only while the real result of one of those is missing.
- So what is proposed depends on the spec, the seed and the results, never on the order in which results arrive.

The budget decides how many candidates there are and nothing else: what candidate n is, and when it is booked, is the
same for every budget. So the candidates of a smaller budget are the first ones of a larger one, and a budget that is
raised on the way gives what it would have given from the start. An epoch budget admits candidate n where those before
it really took fewer epochs than the budget (at least one each, so that a search whose trainings all fail still ends).
That is known as soon as the planned epochs of those that are still being trained fit in too; where they do not, `ask`
waits for their results, virtually visible or not. The search never gets less than its budget, and at most a part of its
last candidate more.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from core.training import predicted_flops
from evolution.candidate import Candidate, Evaluation, Key, best
from evolution.clock import VirtualClock
from evolution.errors import InvalidSearch, SearchOrderError
from evolution.search import Budget, StopReason


@dataclass(slots=True)
class View:
    """What a strategy may look at when it decides a candidate; it reads and never writes.

    `candidates` are all that were booked before, by number; `pending` those of them whose virtual finish is still to
    come; `visible` the evaluations whose virtual finish has come, in that order; `evaluated` those of them that have a
    fitness, and `best` the first among these; `networks` the keys of all that was proposed so far.
    """

    candidates: list[Candidate] = field(default_factory=list)
    pending: dict[int, Candidate] = field(default_factory=dict)
    visible: list[Evaluation] = field(default_factory=list)
    evaluated: list[Evaluation] = field(default_factory=list)
    best: Evaluation | None = None
    networks: set[Key] = field(default_factory=set)

    def reveal(self, evaluation: Evaluation) -> None:
        """Take an evaluation whose virtual finish has come."""
        self.visible.append(evaluation)
        del self.pending[evaluation.candidate.number]
        if evaluation.fitness is not None:
            self.evaluated.append(evaluation)
            self.best = evaluation if self.best is None else best((self.best, evaluation))


class VirtualClockSearch(ABC):
    """A search in virtual time; `rows` is the number of training rows, from which the cost of a training follows."""

    def __init__(self, *, rows: int, seed: int, parallelism: int, budget: Budget) -> None:
        if rows < 1:
            raise InvalidSearch(f"rows must be 1 or more, got {rows}")
        if seed < 0:
            raise InvalidSearch(f"seed must be 0 or more, got {seed}")
        self.seed = seed
        self._rows = rows
        self._budget = budget
        self._clock = VirtualClock(parallelism)
        self._view = View()
        self._told: dict[int, Evaluation] = {}
        self._finishes: list[tuple[int, int]] = []
        self._spent_epochs = 0
        self._closed: StopReason | None = None

    @abstractmethod
    def propose(self, number: int, view: View) -> Candidate | None:
        """Decide candidate `number` from the view alone; None when the space holds no further network."""

    def finished(self, view: View) -> StopReason | None:  # noqa: ARG002 - for strategies that know when to stop
        """Return why the search should end before its budget is spent, from the view alone; None to go on."""
        return None

    @property
    def done(self) -> bool:
        """Whether nothing will be proposed any more and every proposal was answered."""
        return self.stop_reason is not None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the search is done; None while it is not."""
        if len(self._told) < len(self._view.candidates):
            return None
        return self._closed if self._affordable() else "budget"

    @property
    def proposed(self) -> int:
        """How many candidates there are so far."""
        return len(self._view.candidates)

    def extend(self, budget: Budget) -> None:
        """Go on with a larger budget, as if it had been given at the start, even where the old one is spent.

        Raises InvalidSearch for a smaller one or one of the other kind.
        """
        old, new = self._budget, budget
        if (old.evaluations is None) != (new.evaluations is None):
            raise InvalidSearch("a budget in evaluations cannot become one in epochs, nor the other way round")
        if (new.evaluations or new.epochs or 0) < (old.evaluations or old.epochs or 0):
            raise InvalidSearch(f"a budget can only be raised, from {old} not to {new}")
        self._budget = new

    def close(self, reason: StopReason) -> None:
        """Propose nothing any more, whatever the budget says; the search is done when all proposals are answered."""
        if self._closed is None:
            self._closed = reason

    def ask(self) -> Candidate | None:
        """Propose the next candidate; None while a result that must be seen is missing, and when the search is done."""
        if self._closed is not None or not self._reach_next_moment():
            return None
        self._closed = self.finished(self._view)
        if self._closed is not None:
            return None
        number = len(self._view.candidates)
        candidate = self.propose(number, self._view)
        if candidate is None:
            self._closed = "space exhausted"
            return None
        if candidate.number != number:
            raise SearchOrderError(f"the strategy numbered candidate {number} as {candidate.number}")
        self._book(candidate)
        return candidate

    def tell(self, evaluation: Evaluation) -> None:
        """Take the result of a candidate; raises SearchOrderError for one that was not asked for or was told before."""
        candidate = evaluation.candidate
        booked = self._view.candidates
        if candidate.number >= len(booked) or booked[candidate.number] != candidate:
            raise SearchOrderError(f"candidate {candidate.number} was told but never asked for")
        if candidate.number in self._told:
            raise SearchOrderError(f"candidate {candidate.number} was told twice")
        self._told[candidate.number] = evaluation
        self._spent_epochs += _spent(evaluation) - candidate.planned_epochs

    def resume(self, candidates: Sequence[Candidate], evaluations: Sequence[Evaluation]) -> None:
        """Book stored candidates again, in order, exactly as stored; raises SearchOrderError where that cannot be."""
        if self._view.candidates:
            raise SearchOrderError("resume comes before the first candidate is asked for")
        stored = {candidate.number: candidate for candidate in candidates}
        if sorted(stored) != list(range(len(candidates))):
            raise SearchOrderError("stored candidates must be numbered 0, 1, 2, ... without gaps or doubles")
        for evaluation in evaluations:
            number = evaluation.candidate.number
            if stored.get(number) != evaluation.candidate:
                raise SearchOrderError(f"an evaluation is stored for candidate {number}, which is not stored so")
            if number in self._told:
                raise SearchOrderError(f"two evaluations are stored for candidate {number}")
            self._told[number] = evaluation
        for number in range(len(candidates)):
            if not self._reach_next_moment():
                raise SearchOrderError(
                    f"candidate {number} is stored, but evaluations that must have come before it are not, "
                    "or the budget was larger then"
                )
            self._book(stored[number])

    def _reach_next_moment(self) -> bool:
        """Go to the moment of the next booking; False while results are missing there or the budget allows none."""
        return self._reveal(self._clock.moment) and self._affordable()

    def _reveal(self, moment: int) -> bool:
        """Make visible all evaluations that finish virtually at or before the moment; False where one is missing."""
        while self._finishes and self._finishes[0][0] <= moment:
            number = self._finishes[0][1]
            evaluation = self._told.get(number)
            if evaluation is None:
                return False
            heappop(self._finishes)
            self._view.reveal(evaluation)
        return True

    def _affordable(self) -> bool:
        if self._budget.evaluations is not None:
            return len(self._view.candidates) < self._budget.evaluations
        # An upper bound while trainings are under way, exact when all are answered.
        return self._budget.epochs is None or self._spent_epochs < self._budget.epochs

    def _book(self, candidate: Candidate) -> None:
        cost = predicted_flops(candidate.architecture, self._rows, candidate.planned_epochs)
        heappush(self._finishes, (self._clock.book(cost), candidate.number))
        self._view.candidates.append(candidate)
        self._view.pending[candidate.number] = candidate
        self._view.networks.add(candidate.key)
        known = self._told.get(candidate.number)
        self._spent_epochs += candidate.planned_epochs if known is None else _spent(known)


def _spent(evaluation: Evaluation) -> int:
    return max(evaluation.epochs, 1)
