"""A search under the stopwatch: how long each proposal takes, and all of asking and telling together."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter_ns

import numpy as np

from evolution.candidate import Candidate, Evaluation
from evolution.search import Search, StopReason


@dataclass(frozen=True, slots=True)
class Latency:
    """Real milliseconds of the proposals of one search."""

    median: float
    p99: float
    largest: float


class MeasuredSearch:
    """Passes everything on to a search and measures it in real time."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._proposals = array("q")
        self._nanoseconds = 0

    @property
    def done(self) -> bool:
        """Whether nothing will be proposed any more and every proposal was answered."""
        return self._search.done

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the search is done; None while it is not."""
        return self._search.stop_reason

    @property
    def latency(self) -> Latency:
        """How long the proposals took, those asks left out that proposed nothing."""
        milliseconds = np.array(self._proposals) / 1e6
        return Latency(
            float(np.median(milliseconds)), float(np.percentile(milliseconds, 99)), float(milliseconds.max())
        )

    @property
    def seconds(self) -> float:
        """What asking and telling took in all."""
        return self._nanoseconds / 1e9

    def ask(self) -> Candidate | None:
        """Ask, and keep how long it took."""
        began = perf_counter_ns()
        candidate = self._search.ask()
        spent = perf_counter_ns() - began
        self._nanoseconds += spent
        if candidate is not None:
            self._proposals.append(spent)
        return candidate

    def tell(self, evaluation: Evaluation) -> None:
        """Tell, and add up how long it took."""
        began = perf_counter_ns()
        self._search.tell(evaluation)
        self._nanoseconds += perf_counter_ns() - began

    def resume(self, candidates: Sequence[Candidate], evaluations: Sequence[Evaluation]) -> None:
        """Pass the rows on."""
        self._search.resume(candidates, evaluations)
