"""Softmax cross-entropy, prepared for one number of rows. Logits are class-major, (classes, rows)."""

from functools import partial

import numpy as np

from core.arrays import Array, Call


class SoftmaxCrossEntropy:
    """The loss -log softmax(z)[target] = log(sum exp(z - max)) - (z[target] - max), and its gradient.

    All of it happens in the logits' own array: `shift` subtracts each row's largest logit, so that exp never
    overflows (finite for logits of any finite size); the target's shifted logit is read then; `exponentiate` and
    `gradient` turn the array into dLoss/dz = softmax(z) - one_hot, for the *sum* of the rows' losses.
    """

    def __init__(self, logits: Array) -> None:
        self.logits = logits
        self.flat_logits = logits.reshape(-1)
        # A product with ones sums small columns in half the time of np.add.reduce.
        self._add_up = np.ones((1, len(logits)), logits.dtype).dot
        largest = np.empty(logits.shape[1], logits.dtype)
        self.shift: tuple[Call, ...] = (
            partial(np.maximum.reduce, logits, 0, out=largest),
            partial(np.subtract, logits, largest, logits),
        )

    def gradient(self, one_hot: Array, target_cells: Array, target_logits: Array, sums: Array) -> None:
        """Finish after `shift`: fill `target_logits` (rows,) and `sums` (1, rows), turn the logits into the gradient.

        `target_cells` are the targets' places in the flat logits. The loss of each row is log(sums) - target_logits;
        it is left to the caller, who takes one logarithm for a whole epoch.
        """
        # mode="clip" is twice as fast as the default, which buffers its output.
        self.flat_logits.take(target_cells, None, target_logits, "clip")
        np.exp(self.logits, self.logits)
        self._add_up(self.logits, sums)
        np.divide(self.logits, sums, self.logits)
        np.subtract(self.logits, one_hot, self.logits)
