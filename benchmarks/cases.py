"""The fixed work that everybody does: the same float32 rows, architecture, batch size, number of epochs, and Adam."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CLASSES = 10
LEARNING_RATE = 0.001
STACK = 8


@dataclass(frozen=True, slots=True)
class Case:
    """One column of the table; `epochs` are chosen so that one run takes about a second at most."""

    inputs: int
    widths: tuple[int, ...]
    batch: int
    rows: int
    epochs: int
    stacked: bool = True

    @property
    def name(self) -> str:
        return f"{self.inputs}-{list(self.widths)}-{CLASSES} b{self.batch}".replace(", ", ",")

    @property
    def steps(self) -> int:
        return -(-self.rows // self.batch) * self.epochs

    def data(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return rows that cannot be learned: nobody stops early, and no number gets special."""
        rng = np.random.default_rng(0)
        inputs = rng.standard_normal((self.rows, self.inputs)).astype(np.float32)
        return inputs, rng.integers(0, CLASSES, self.rows)


CASES = (
    Case(64, (4,), 32, 1500, 10),
    Case(64, (32,), 32, 1500, 10),
    Case(64, (64, 64), 32, 1500, 8),
    Case(64, (4,), 128, 1500, 24),
    Case(64, (32,), 128, 1500, 20),
    Case(64, (64, 64), 128, 1500, 16),
    Case(256, (128, 64), 128, 3000, 4),
    # Several epochs, so that a training and not its set-up is measured.
    Case(784, (512, 256, 128), 128, 4000, 3, stacked=False),
)
