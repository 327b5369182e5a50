"""What training minimizes, for every task: the loss of each row and its gradient with respect to the outputs.

Prepared for one number of rows. Outputs are class-major, (outputs, rows), and are turned into the gradient of the
*sum* of the rows' losses in place; a loss that looks at several outputs of a row is their mean. Plain classification
with dense layers has a loss of its own, tuned with the step (`core.loss`).
"""

from typing import Protocol

import numpy as np

from core.arrays import Array, constant


class Objective(Protocol):
    """A loss bound to the array of the network's outputs."""

    def __call__(self, targets: Array, weights: Array | None, losses: Array) -> None:
        """Fill `losses` (rows,) and turn the outputs into the gradient; `weights` (rows,) multiply both."""
        ...


class SoftmaxObjective:
    """Cross-entropy of the softmax with smoothed targets; targets are class indices (rows,).

    With smoothing s and K classes the target distribution is 1 - s on the class and s / K on every class (Szegedy et
    al. 2016, section 7): loss = log(sum exp z) - (1 - s) z[target] - s mean(z), after the largest was taken from z.
    """

    def __init__(self, logits: Array, smoothing: float = 0.0) -> None:
        dtype = logits.dtype
        classes, rows = logits.shape
        self._logits, self._flat = logits, logits.reshape(-1)
        self._kept, self._spread = constant(1 - smoothing, dtype), constant(smoothing / classes, dtype)
        self._ones = np.ones((1, classes), dtype)
        self._columns, self._cells = np.arange(rows), np.empty(rows, np.intp)
        self._row, self._sums = np.empty(rows, dtype), np.empty((1, rows), dtype)

    def __call__(self, targets: Array, weights: Array | None, losses: Array) -> None:
        """Fill `losses` and turn the logits into softmax(z) - target distribution."""
        logits, row, sums = self._logits, self._row, self._sums
        np.multiply(targets, len(row), self._cells)
        np.add(self._cells, self._columns, self._cells)
        np.maximum.reduce(logits, 0, out=row)
        np.subtract(logits, row, logits)
        self._flat.take(self._cells, None, row, "clip")
        np.multiply(row, self._kept, row)
        if self._spread:
            np.dot(self._ones, logits, sums)
            np.multiply(sums, self._spread, sums)
            np.add(row, sums[0], row)
        np.exp(logits, logits)
        np.dot(self._ones, logits, sums)
        np.log(sums[0], losses)
        np.subtract(losses, row, losses)
        np.divide(logits, sums, logits)
        np.subtract(logits, self._spread, logits)
        self._flat[self._cells] -= self._kept
        _weigh(logits, weights, losses)


class SigmoidObjective:
    """Mean binary cross-entropy of independent yes-no outputs; targets (outputs, rows) are 0 or 1.

    loss = max(z, 0) - z t + log(1 + exp(-|z|)), which overflows nowhere; its gradient is sigmoid(z) - t. Smoothing s
    moves the targets to s / 2 and 1 - s / 2.
    """

    def __init__(self, logits: Array, smoothing: float = 0.0) -> None:
        dtype = logits.dtype
        self._logits = logits
        self._kept, self._spread = constant(1 - smoothing, dtype), constant(smoothing / 2, dtype)
        self._share = np.full(len(logits), 1 / len(logits), dtype)
        self._targets, self._terms, self._tail = (np.empty_like(logits) for _ in range(3))
        self._zero, self._half = constant(0, dtype), constant(0.5, dtype)

    def __call__(self, targets: Array, weights: Array | None, losses: Array) -> None:
        """Fill `losses` and turn the logits into (sigmoid(z) - target) / outputs."""
        logits, terms, tail = self._logits, self._terms, self._tail
        np.multiply(targets, self._kept, self._targets)
        np.add(self._targets, self._spread, self._targets)
        np.abs(logits, tail)
        np.negative(tail, tail)
        np.exp(tail, tail)
        np.log1p(tail, tail)
        np.multiply(logits, self._targets, terms)
        np.subtract(tail, terms, tail)
        np.maximum(logits, self._zero, out=terms)
        np.add(terms, tail, terms)
        np.dot(self._share, terms, losses)
        # sigmoid(z) = (1 + tanh(z / 2)) / 2
        np.multiply(logits, self._half, logits)
        np.tanh(logits, logits)
        np.multiply(logits, self._half, logits)
        np.add(logits, self._half, logits)
        np.subtract(logits, self._targets, logits)
        np.multiply(logits, self._share[:, np.newaxis], logits)
        _weigh(logits, weights, losses)


class SquaredError:
    """Mean squared difference of a row's outputs and targets (outputs, rows); its gradient is 2 (z - t) / outputs."""

    def __init__(self, outputs: Array) -> None:
        self._outputs = outputs
        self._squares = np.empty_like(outputs)
        self._share = np.full(len(outputs), 1 / len(outputs), outputs.dtype)
        self._slope = constant(2 / len(outputs), outputs.dtype)

    def __call__(self, targets: Array, weights: Array | None, losses: Array) -> None:
        """Fill `losses` and turn the outputs into the gradient."""
        outputs = self._outputs
        np.subtract(outputs, targets, outputs)
        np.multiply(outputs, outputs, self._squares)
        np.dot(self._share, self._squares, losses)
        np.multiply(outputs, self._slope, outputs)
        _weigh(outputs, weights, losses)


class Huber:
    """Huber's loss (1964): d^2 / 2 for |d| up to delta, then delta (|d| - delta / 2); the mean over a row's outputs.

    With c = d cut to -delta..delta it is c (d - c / 2), and its gradient is c.
    """

    def __init__(self, outputs: Array, delta: float) -> None:
        dtype = outputs.dtype
        self._outputs = outputs
        self._cut, self._terms = np.empty_like(outputs), np.empty_like(outputs)
        self._low, self._high, self._half = constant(-delta, dtype), constant(delta, dtype), constant(0.5, dtype)
        self._share = np.full(len(outputs), 1 / len(outputs), dtype)

    def __call__(self, targets: Array, weights: Array | None, losses: Array) -> None:
        """Fill `losses` and turn the outputs into the gradient."""
        outputs, cut, terms = self._outputs, self._cut, self._terms
        np.subtract(outputs, targets, outputs)
        np.maximum(outputs, self._low, out=cut)
        np.minimum(cut, self._high, out=cut)
        np.multiply(cut, self._half, terms)
        np.subtract(outputs, terms, terms)
        np.multiply(terms, cut, terms)
        np.dot(self._share, terms, losses)
        np.multiply(cut, self._share[:, np.newaxis], outputs)
        _weigh(outputs, weights, losses)


def _weigh(gradient: Array, weights: Array | None, losses: Array) -> None:
    if weights is not None:
        np.multiply(gradient, weights, gradient)
        np.multiply(losses, weights, losses)
