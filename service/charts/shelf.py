"""Charts that were made lately, so that fifty people who watch one job cost as much as one.

One chart is made at a time: making one holds Python's lock for most of its time, and this process also serves events.
Whoever waits for it waits without a thread. While a job runs, a chart is shown for ten times as long as it took to
make, eight seconds at most, so that one takes little more than a tenth of a processor, however fast events arrive.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool

MOST_BYTES: Final = 8 * 2**20
TIMES_SHOWN: Final = 10.0
MOST_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Made:
    """A chart as bytes; `events` is the number of events that its job had, `fresh_until` a moment of the clock."""

    content: bytes
    events: int
    fresh_until: float


class Shelf:
    """Holds the latest state of each chart, at most `most_bytes` of them, those asked for last."""

    def __init__(self, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most_bytes
        self._clock = clock
        self._making = asyncio.Lock()
        self._shelf: OrderedDict[Hashable, Made] = OrderedDict()
        self._bytes = 0

    async def get(self, key: Hashable, events: int, make: Callable[[], tuple[bytes, int]], *, final: bool) -> Made:
        """Return the chart of `key` for a job with so many events, made in a thread unless it is there.

        `make` returns the bytes and the number of events that they show. A `final` job's chart is always that of its
        last event; another one may be some events behind, as the module says.
        """
        found = self._find(key, events, final=final)
        if found is not None:
            return found
        async with self._making:
            # Somebody else may have made it meanwhile.
            found = self._find(key, events, final=final)
            if found is not None:
                return found
            began = self._clock()
            content, shown = await run_in_threadpool(make)
            took = self._clock() - began
            made = Made(content, shown, began + took + min(TIMES_SHOWN * took, MOST_SECONDS))
            self._put(key, made)
            return made

    @property
    def bytes_held(self) -> int:
        """How many bytes of charts are held."""
        return self._bytes

    def _find(self, key: Hashable, events: int, *, final: bool) -> Made | None:
        found = self._shelf.get(key)
        if found is None or (found.events < events and (final or self._clock() >= found.fresh_until)):
            return None
        self._shelf.move_to_end(key)
        return found

    def _put(self, key: Hashable, made: Made) -> None:
        old = self._shelf.pop(key, None)
        self._bytes -= 0 if old is None else len(old.content)
        if len(made.content) > self._most:
            return
        self._shelf[key] = made
        self._bytes += len(made.content)
        while self._bytes > self._most:
            _, dropped = self._shelf.popitem(last=False)
            self._bytes -= len(dropped.content)
