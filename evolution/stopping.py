"""When more is not worth it: the surrogate expects hardly any improvement, and has for long enough.

The expected improvement of the best of many offspring is an estimate of what the next training will bring. A single
small value may be chance, so all of the last few must be small (after the rule of Makarova et al., "Automatic
Termination for Hyperparameter Optimization", 2022, in its simplest form).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evolution.candidate import Candidate
from evolution.errors import InvalidSearch


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Stop once the last `patience` networks were each expected to improve the score by less than `improvement`."""

    improvement: float
    patience: int = 20

    def __post_init__(self) -> None:
        if not 0 < self.improvement < float("inf"):
            raise InvalidSearch(f"improvement must be a number above 0, got {self.improvement}")
        if self.patience < 1:
            raise InvalidSearch(f"patience must be 1 or more, got {self.patience}")

    def holds(self, candidates: Sequence[Candidate]) -> bool:
        """Say whether the rule ends a search after these candidates; only new networks were expected to improve."""
        found = 0
        for candidate in reversed(candidates):
            if candidate.prediction is None or candidate.operator in NOT_SCREENED:
                continue
            if candidate.prediction.improvement >= self.improvement:
                return False
            found += 1
            if found == self.patience:
                return True
        return False


NOT_SCREENED = ("repeat", "promote")
