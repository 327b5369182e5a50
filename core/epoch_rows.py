"""The input rows of a split in the order of one epoch, gathered for a block of batches at a time.

A block stays in the processor's cache between its gathering and its steps, and no second copy of the data is held.
"""

from functools import partial

import numpy as np
import numpy.typing as npt

from core.arrays import Array, Call, aligned
from core.backend import ArrayModule

# Bytes of gathered inputs per block; of larger batches one makes a block.
BLOCK_BYTES = 2**18


def with_ones(inputs: Array, dtype: npt.DTypeLike, xp: ArrayModule = np) -> Array:
    """Return (n, inputs) as (n, inputs + 1) with a last column of ones, which multiplies the biases."""
    count, width = inputs.shape
    result = aligned((count, width + 1), dtype, xp)
    result[:, :width] = xp.asarray(inputs)
    result[:, width] = 1
    return result


def block_batches(batch_bytes: int) -> int:
    """Return how many batches of that many bytes make a block."""
    return max(1, BLOCK_BYTES // batch_bytes)


class EpochRows:
    """Inputs (n, inputs), copied with a column of ones, and their order in the epoch, `order` (n,)."""

    def __init__(self, inputs: Array, batch_rows: int, dtype: npt.DTypeLike) -> None:
        self._source = with_ones(inputs, dtype)
        count, width = self._source.shape
        block_rows = batch_rows * block_batches(batch_rows * self._source[0].nbytes)
        self._block = aligned((min(count, block_rows), width), dtype)
        self._unshuffled = np.arange(count)
        self.order = self._unshuffled.copy()

    def shuffle(self, *, rng: np.random.Generator) -> None:
        """Put the rows in a new order that depends on nothing but `rng`."""
        np.copyto(self.order, self._unshuffled)
        rng.shuffle(self.order)

    def cut(self, start: int, stop: int) -> tuple[Array, Call | None]:
        """Return where one batch's rows stand, (rows, inputs + 1), once the call was made that puts them there.

        It gathers a whole block and comes with the first batch of it, None with the others: batches are to be run in
        order.
        """
        place = start % len(self._block)
        rows = self._block[place : place + stop - start]
        if place > 0:
            return rows, None
        chosen = self.order[start : start + len(self._block)]
        # mode="clip" is twice as fast as the default, which buffers its output.
        return rows, partial(self._source.take, chosen, 0, self._block[: len(chosen)], "clip")
