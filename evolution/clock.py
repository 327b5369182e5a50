"""The virtual clock: asynchronous evolution that does not depend on who is really faster.

The cost of a training is known before it starts (FLOPs x samples x epochs), so a search can pretend that it runs on V
virtual workers of equal speed. Each candidate is booked on the virtual worker that is free first; its virtual finish
is its start plus its cost. The next candidate is decided at the earliest moment at which a virtual worker is free,
with exactly the results whose virtual finish lies at or before that moment. Times are whole FLOPs, so that no
rounding can change an order.
"""

from heapq import heapify, heapreplace

from evolution.errors import InvalidSearch


class VirtualClock:
    """Books candidates on `workers` virtual workers; all times are exact integers in FLOPs."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise InvalidSearch(f"parallelism must be 1 or more, got {workers}")
        self._free = [0] * workers
        heapify(self._free)

    @property
    def workers(self) -> int:
        """The number of virtual workers."""
        return len(self._free)

    @property
    def moment(self) -> int:
        """When the next candidate is booked: the first moment at which a worker is free."""
        return self._free[0]

    def book(self, cost: int) -> int:
        """Book a candidate of this cost on the worker that is free first, and return its virtual finish."""
        if cost < 1:
            raise InvalidSearch(f"a training costs at least 1 FLOP, got {cost}")
        finish = self._free[0] + cost
        heapreplace(self._free, finish)
        return finish
