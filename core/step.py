"""The training step: the one place where speed comes before everything but correctness.

What makes it fast, and is not to be "cleaned up":

- float32 throughout, and all parameters, their gradient and the optimizer's moments in one flat vector each, so that
  an update is about ten calls for a network of any depth.
- Every array exists before the first step and every operation writes into one of them; the step allocates nothing.
- Operations are bound to their arrays once per batch size and then only called (see `core.arrays.Call`).
- Biases are the last row of the weights, fed by ones: no additions forward, no sums backward.
- Arrays are class-major (see `core.forward`), so that every matrix product has contiguous operands and results.
- Rows are gathered in the epoch's order for a block of batches at a time (see `core.epoch_rows`); batches are views
  that were cut once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from core.architecture import ActivationName
from core.arrays import Array, Call, aligned, constant
from core.epoch_rows import EpochRows
from core.forward import Forward
from core.loss import SoftmaxCrossEntropy
from core.optimizer import Optimizer


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Views of one batch of `rows` rows into an epoch's arrays; `gather`, where there is one, fills the inputs."""

    rows: int
    gather: Call | None
    # (rows, inputs + 1), the last column ones, and the same transposed.
    inputs: Array
    inputs_transposed: Array
    # (classes, rows)
    one_hot: Array
    # Places of the targets in the flattened logits (classes, rows).
    target_cells: npt.NDArray[np.intp]
    # (rows,) and (1, rows), written by the step: what the rows' losses are made of.
    target_logits: Array
    sums: Array


class Gradient:
    """Forward and backward pass for batches of `rows` rows.

    Fills `gradient` views (one per dense layer, shaped as the weights) with the gradient of the summed loss times
    `scale`.
    """

    def __init__(
        self,
        weights: Sequence[Array],
        gradients: Sequence[Array],
        activations: Sequence[ActivationName],
        rows: int,
        scale: float = 1.0,
    ) -> None:
        forward = Forward(weights, activations, rows)
        loss = SoftmaxCrossEntropy(forward.logits)
        # dLoss/dz of the layer that is being walked through, from the last to the first.
        current = forward.logits
        backward: list[Call] = []
        if scale != 1:
            backward.append(partial(np.multiply, current, constant(scale, current.dtype), current))
        for index in range(len(weights) - 1, 0, -1):
            before = forward.gradients[index - 1]
            backward.append(partial(forward.hidden[index - 1].dot, current.T, gradients[index]))
            backward.append(partial(weights[index][:-1].dot, current, before))
            backward.extend(forward.backward[index - 1])
            current = before
        self._first_weights = weights[0].T
        self._first_product = forward.first
        self._forward = (*forward.calls, *loss.shift)
        self._loss = loss
        self._backward = tuple(backward)
        self._first_delta = current.T
        self._first_gradient = gradients[0]

    def __call__(self, batch: Batch) -> None:
        """Fill the gradient, and the batch's `target_logits` and `sums`."""
        if batch.gather is not None:
            batch.gather()
        self._first_weights.dot(batch.inputs_transposed, self._first_product)
        for call in self._forward:
            call()
        self._loss.gradient(batch.one_hot, batch.target_cells, batch.target_logits, batch.sums)
        for call in self._backward:
            call()
        batch.inputs_transposed.dot(self._first_delta, self._first_gradient)


class EpochBuffer:
    """The rows of a split in the order of one epoch, and the batches as views of them, to be run in order.

    `inputs` (n, inputs) and `targets` (n,) are copied, read-only or not contiguous as they may be. The last batch
    holds what is left and may be smaller.
    """

    def __init__(
        self, inputs: Array, targets: npt.NDArray[np.int64], classes: int, batch_rows: int, dtype: npt.DTypeLike
    ) -> None:
        count = len(inputs)
        self._rows = EpochRows(inputs, batch_rows, dtype)
        self._targets = np.array(targets, np.intp)
        self._one_hot = aligned((count * classes,), dtype)
        self._cells = np.empty(count, np.intp)
        self._positions = np.empty(count, np.intp)
        self._target_logits = aligned((count,), dtype)
        self._sums = aligned((count,), dtype)
        starts = range(0, count, batch_rows)
        self.batches = tuple(self._cut(start, min(start + batch_rows, count), classes) for start in starts)
        # A target's cell in its batch's (classes, rows) block is target * rows + column; the blocks of the one-hot
        # array lie one after the other.
        places = np.arange(count)
        self._column_of = places % batch_rows
        starts_of = places - self._column_of
        self._rows_of = np.minimum(count - starts_of, batch_rows)
        self._block_of = starts_of * classes

    def _cut(self, start: int, stop: int, classes: int) -> Batch:
        rows = stop - start
        inputs, gather = self._rows.cut(start, stop)
        return Batch(
            rows=rows,
            gather=gather,
            inputs=inputs,
            inputs_transposed=inputs.T,
            one_hot=self._one_hot[start * classes : stop * classes].reshape(classes, rows),
            target_cells=self._cells[start:stop],
            target_logits=self._target_logits[start:stop],
            sums=self._sums[np.newaxis, start:stop],
        )

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """The split's row at each place of the epoch, (n,)."""
        return self._rows.order

    def shuffle(self, *, rng: np.random.Generator) -> None:
        """Put the rows in a new order that depends on nothing but `rng`."""
        self._rows.shuffle(rng=rng)
        np.take(self._targets, self.order, None, self._cells, "clip")
        np.multiply(self._cells, self._rows_of, self._cells)
        np.add(self._cells, self._column_of, self._cells)
        np.add(self._cells, self._block_of, self._positions)
        self._one_hot.fill(0)
        self._one_hot[self._positions] = 1

    def loss(self) -> float:
        """Return the mean loss of the rows as the steps met them; NaN or infinite when a logit was."""
        np.log(self._sums, self._sums)
        np.subtract(self._sums, self._target_logits, self._sums)
        return float(self._sums.mean(dtype=np.float64))


class Stepper:
    """Runs the steps of an epoch on one flat parameter vector."""

    def __init__(
        self,
        weights: Sequence[Array],
        gradients: Sequence[Array],
        activations: Sequence[ActivationName],
        optimizer: Optimizer,
        batch_rows: int,
    ) -> None:
        self._weights = weights
        self._gradients = gradients
        self._activations = activations
        self._optimizer = optimizer
        self._batch_rows = batch_rows
        self._by_rows: dict[int, Gradient] = {}

    def run(self, batches: Sequence[Batch], rates: npt.NDArray[np.float64]) -> None:
        """Take one step per batch, with one learning rate each."""
        steps = [(self._gradient_for(batch.rows), batch) for batch in batches]
        scalars, update = self._optimizer.scalars, tuple(self._optimizer.calls)
        for (gradient, batch), row in zip(steps, self._optimizer.scalar_rows(rates), strict=True):
            gradient(batch)
            scalars[:] = row
            for call in update:
                call()

    def _gradient_for(self, rows: int) -> Gradient:
        if rows not in self._by_rows:
            # A smaller last batch counts as much as the others: its sum is scaled up to theirs.
            scale = self._batch_rows / rows
            self._by_rows[rows] = Gradient(self._weights, self._gradients, self._activations, rows, scale)
        return self._by_rows[rows]
