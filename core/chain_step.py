"""The training step of every network that is not plain classification with dense layers alone.

It keeps the rules of `core.step` (float32, one flat vector, no new arrays, class-major, rows gathered in blocks), so
the same seed meets the same rows in the same order; only what is bound to what differs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from core.arrays import Array, Call, aligned, constant
from core.chain import Chain, piece_rows
from core.dropout import Noise
from core.epoch_rows import EpochRows
from core.network import weight_views
from core.objective import Objective
from core.optimizer import Optimizer


@dataclass(frozen=True, slots=True, eq=False)
class ChainBatch:
    """Views of one batch of `rows` rows into an epoch's arrays; `gather`, where there is one, fills the inputs."""

    rows: int
    gather: Call | None
    # (inputs + 1, rows), the last row ones.
    inputs: Array
    # (rows,) class indices or (outputs, rows) numbers.
    targets: Array
    # (rows,) factors of the rows' losses; None where all count alike.
    weights: Array | None
    # (rows,), written by the step.
    losses: Array

    def cut(self, rows: slice) -> "ChainBatch":
        """Return views of some of the rows, to be used once the batch was gathered."""
        losses = self.losses[rows]
        weights = None if self.weights is None else self.weights[rows]
        return ChainBatch(len(losses), None, self.inputs[:, rows], self.targets[..., rows], weights, losses)


class ChainBuffer:
    """The rows of a split in the order of one epoch, and the batches as views of them, to be run in order.

    `targets` are class indices (n,) or numbers (n, outputs), `weights` (n,) factors of the rows' losses.
    """

    def __init__(
        self, inputs: Array, targets: Array, weights: Array | None, batch_rows: int, dtype: npt.DTypeLike
    ) -> None:
        count = len(inputs)
        self._rows = EpochRows(inputs, batch_rows, dtype)
        self._source_targets = np.array(targets, np.intp if targets.ndim == 1 else dtype)
        self._targets = np.zeros_like(self._source_targets)
        self._source_weights = None if weights is None else np.array(weights, dtype)
        self._weights = None if weights is None else np.empty(count, dtype)
        self._losses = aligned((count,), dtype)
        self.batches = tuple(self._cut(start, min(start + batch_rows, count)) for start in range(0, count, batch_rows))

    def _cut(self, start: int, stop: int) -> ChainBatch:
        inputs, gather = self._rows.cut(start, stop)
        return ChainBatch(
            rows=stop - start,
            gather=gather,
            inputs=inputs.T,
            targets=self._targets[start:stop].T,
            weights=None if self._weights is None else self._weights[start:stop],
            losses=self._losses[start:stop],
        )

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """The split's row at each place of the epoch, (n,)."""
        return self._rows.order

    def shuffle(self, *, rng: np.random.Generator) -> None:
        """Put the rows in a new order that depends on nothing but `rng`."""
        self._rows.shuffle(rng=rng)
        np.take(self._source_targets, self.order, 0, self._targets, "clip")
        if self._source_weights is not None and self._weights is not None:
            np.take(self._source_weights, self.order, 0, self._weights, "clip")

    def loss(self) -> float:
        """Return the mean loss of the rows as the steps met them; NaN or infinite when an output was."""
        return float(self._losses.mean(dtype=np.float64))


class ChainStepper:
    """Runs the steps of an epoch on one flat parameter vector, `gradient` being its gradient.

    `noise` feeds dropout. A batch of images that would not fit the cache goes through the layers in pieces whose
    gradients are added up; what a step computes is the same.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Sequence[Array],
        gradient: Array,
        objective: Callable[[Array], Objective],
        optimizer: Optimizer,
        batch_rows: int,
    ) -> None:
        self._architecture = architecture
        self._weights = weights
        self._gradient = gradient
        self._gradients = weight_views(architecture, gradient)
        self._objective = objective
        self._optimizer = optimizer
        self._batch_rows = batch_rows
        self.noise = Noise(np.random.default_rng(0))
        self._piece_rows = piece_rows(architecture, batch_rows)
        self._sum = aligned(gradient.shape, gradient.dtype) if self._piece_rows < batch_rows else gradient
        self._by_rows: dict[int, tuple[Chain, Objective]] = {}
        self._pieces: dict[ChainBatch, list[ChainBatch]] = {}

    def run(self, batches: Sequence[ChainBatch], rates: npt.NDArray[np.float64]) -> None:
        """Take one step per batch, with one learning rate each."""
        scalars, update = self._optimizer.scalars, tuple(self._optimizer.calls)
        for batch, row in zip(batches, self._optimizer.scalar_rows(rates), strict=True):
            self.fill_gradient(batch)
            scalars[:] = row
            for call in update:
                call()

    def fill_gradient(self, batch: ChainBatch) -> None:
        """Fill the gradient (of the summed loss, scaled to a full batch) and the batch's losses."""
        if batch.gather is not None:
            batch.gather()
        # A smaller last batch counts as much as the others: its sum is scaled up to theirs.
        scale = self._batch_rows / batch.rows
        if batch.rows <= self._piece_rows:
            self._fill_piece(batch, scale)
            return
        for number, piece in enumerate(self._cut(batch)):
            self._fill_piece(piece, scale)
            if number == 0:
                np.copyto(self._sum, self._gradient)
            else:
                np.add(self._sum, self._gradient, self._sum)
        np.copyto(self._gradient, self._sum)

    def _fill_piece(self, batch: ChainBatch, scale: float) -> None:
        if batch.rows not in self._by_rows:
            chain = Chain(self._architecture, self._weights, batch.rows, gradients=self._gradients, noise=self.noise)
            self._by_rows[batch.rows] = chain, self._objective(chain.logits)
        chain, objective = self._by_rows[batch.rows]
        chain.forward(batch.inputs)
        objective(batch.targets, batch.weights, batch.losses)
        if scale != 1:
            np.multiply(chain.logits, constant(scale, chain.logits.dtype), chain.logits)
        chain.backward(batch.inputs)

    def _cut(self, batch: ChainBatch) -> list[ChainBatch]:
        """Return the batch's pieces; it is cut once, because its views stay what they are."""
        if batch not in self._pieces:
            starts = range(0, batch.rows, self._piece_rows)
            self._pieces[batch] = [batch.cut(slice(start, start + self._piece_rows)) for start in starts]
        return self._pieces[batch]
