"""What every search is, whatever its strategy: it is asked for candidates and told what became of them.

A search may only look at the candidates and evaluations it was given, so a list in a test and a table in a database
are the same to it, and a search that was interrupted goes on from its rows alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSearch

StrategyName = Literal["evolution", "nsga2", "regularized", "random"]
STRATEGIES: tuple[StrategyName, ...] = get_args(StrategyName)

StopReason = Literal["budget", "space exhausted", "not worth it", "time"]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work a search may do, in evaluations or in training epochs: both mean the same on every machine."""

    evaluations: int | None = None
    epochs: int | None = None

    def __post_init__(self) -> None:
        if (self.evaluations is None) == (self.epochs is None):
            raise InvalidSearch("budget: give either evaluations or epochs")
        amount = self.evaluations if self.evaluations is not None else self.epochs
        if amount is not None and amount < 1:
            raise InvalidSearch(f"budget must be 1 or more, got {amount}")


class Search(Protocol):
    """A strategy as its driver sees it."""

    @property
    def done(self) -> bool:
        """Whether nothing will be proposed any more and every proposal was answered."""
        ...

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the search is done; None while it is not."""
        ...

    def ask(self) -> Candidate | None:
        """Propose the next candidate; None while the search must wait for a result, and when it is done."""
        ...

    def tell(self, evaluation: Evaluation) -> None:
        """Take the result of a candidate; raises SearchOrderError for one that was not asked for or was told before."""
        ...

    def resume(self, candidates: Sequence[Candidate], evaluations: Sequence[Evaluation]) -> None:
        """Take over what an earlier run stored, in the order of the candidates' numbers, before the first `ask`."""
        ...
