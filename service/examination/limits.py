"""What an examination may take of the machine: anybody who may read a job may ask for one."""

from dataclasses import dataclass
from typing import Final

AT_ONCE: Final = 2
"""So many processes train at the same time over all owners, at most one of them for each owner."""

MAX_WAITING: Final = 200
MAX_WAITING_PER_OWNER: Final = 60
"""Enough for a film of a search's improvements, asked for twice."""

BATCH: Final = 16
"""So many candidates of one job are trained by one process, which loads the data once."""

MEGABYTE: Final = 1_000_000
CACHE_BYTES: Final = 500 * MEGABYTE
"""What examinations may occupy on the disk; those that were looked at the longest ago go first."""

NICENESS: Final = 10
"""On top of the runner's own: an examination waits for a search, never the other way round."""

SHOWN_ROWS: Final = 24
SHOWN_VALUES: Final = 65_536
"""Numbers of pictures, or of weights, in one answer."""

SHOWN_POINTS: Final = 1_000
SHOWN_NEURONS: Final = 64
SHOWN_COLUMNS: Final = 40
SHOWN_MISTAKES: Final = 20
MATRIX_CLASSES: Final = 60
"""A confusion matrix of more classes is told by its largest cells only."""

GRID: Final = 80
"""Points along each side of a map of two features."""

FIRST_PAUSE_SECONDS: Final = 10.0
LONGEST_PAUSE_SECONDS: Final = 3_600.0
"""What failed is not tried again before a pause, twice as long each time."""


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one process may use before it is ended; `seconds` are those that a training may take by its prediction."""

    seconds: float
    memory_bytes: int = 4_000 * MEGABYTE

    @property
    def processor_seconds(self) -> int:
        """Twice the prediction, which may be wrong, and what it takes to load everything."""
        return int(2 * self.seconds) + 30

    @property
    def wall_seconds(self) -> float:
        """On a busy machine a process that gives way gets little of the processor."""
        return 5.0 * self.processor_seconds
