"""The last events of a job as the bytes that go over the line: written once, however many streams send them."""

import json
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from fastapi.sse import format_sse_event

from service.store.entities import Event

KEPT: Final = 400
"""Events that are kept for streams which have not sent them yet; whoever is further behind reads the database."""


class Tail:
    """The last events of a job, without gaps; those up to `last` have happened. For one thread, that of the streams."""

    def __init__(self, last: int, kept: int = KEPT) -> None:
        self.last = last
        self._lines: deque[bytes] = deque(maxlen=kept)

    def extend(self, events: Iterable[Event]) -> None:
        """Add the events that follow `last`, in their order; raises ValueError for a gap."""
        for event in events:
            if event.sequence != self.last + 1:
                raise ValueError(f"event {event.sequence} does not follow event {self.last}")
            self._lines.append(as_bytes(event))
            self.last = event.sequence

    def after(self, sequence: int) -> bytes | None:
        """Return all events that follow `sequence`; None where the first of them is not kept any more."""
        new = max(self.last - sequence, 0)
        return None if new > len(self._lines) else b"".join(islice(self._lines, len(self._lines) - new, None))


def as_bytes(event: Event) -> bytes:
    """Write an event as a stream tells it."""
    return format_sse_event(data_str=as_json(event.data), event=event.type, id=str(event.sequence))


def as_json(value: dict[str, Any]) -> str:
    """Write JSON on one line, in ASCII: some clients take U+2028 and its like for the end of a line."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
