"""Ends a job most of whose trainings fail, before it has spent its budget on them."""

import re
from collections import Counter

from evolution.candidate import Evaluation
from service.runner.endings import JobFailed

_NUMBER = re.compile(r"[0-9][0-9.,]*")


class FailureBudget:
    """Counts the trainings of a search that failed, and knows why most of them did."""

    def __init__(self) -> None:
        self._trainings = 0
        self._failures = 0
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def note(self, evaluation: Evaluation) -> None:
        """Count a training."""
        self._trainings += 1
        if evaluation.error is None:
            return
        self._failures += 1
        # Two that diverged in different epochs have failed for the same reason.
        reason = _NUMBER.sub("#", evaluation.error)
        self._reasons[reason] += 1
        self._examples.setdefault(reason, evaluation.error)

    def check(self, limit: float) -> None:
        """Raise JobFailed when more than `limit` trainings have failed."""
        if self._failures <= limit:
            return
        reason, times = self._reasons.most_common(1)[0]
        raise JobFailed(
            f"{self._failures} of the {self._trainings} trainings of the search so far failed, and limits.failures "
            f"allows {limit:,}; the commonest reason ({times} times): {self._examples[reason]}"
        )
