"""What an arm of the comparison cost."""

from collections.abc import Iterable
from dataclasses import dataclass

from evolution.candidate import Evaluation


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Work done: evaluations (failed ones included), training epochs, FLOPs, and CPU seconds."""

    evaluations: int = 0
    epochs: int = 0
    flops: int = 0
    seconds: float = 0.0

    def __add__(self, other: "LedgerEntry") -> "LedgerEntry":
        return LedgerEntry(
            self.evaluations + other.evaluations,
            self.epochs + other.epochs,
            self.flops + other.flops,
            self.seconds + other.seconds,
        )


def ledger_of(evaluations: Iterable[Evaluation]) -> LedgerEntry:
    """Add up what the evaluations cost."""
    total = LedgerEntry()
    for evaluation in evaluations:
        total += LedgerEntry(1, evaluation.epochs, evaluation.flops, evaluation.seconds)
    return total
