"""Optimizers as lists of in-place calls on flat vectors: a handful of calls, whatever the network's shape.

The gradient they read is the batch's *sum* (times `rows` / actual rows for a smaller last batch), so that 1 / rows
folds into a scalar here instead of costing a pass over an array in every step. Weight decay is added to the gradient
(L2; AdamW shrinks the weights instead), for weights only, not for biases, as scikit-learn's `alpha` is.
"""

from collections.abc import Collection
from functools import partial
from typing import Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from core.arrays import Array, Call, aligned, constant
from core.backend import ArrayModule

OptimizerName = Literal["sgd", "adam", "adamw"]
OPTIMIZERS: tuple[OptimizerName, ...] = get_args(OptimizerName)

SECOND_MOMENT_DECAY = 0.999
EPSILON = 1e-8


class Optimizer(Protocol):
    """The state of one training's optimizer, with the calls of one step."""

    # Overwritten before each step with that step's row of `scalar_rows`.
    scalars: Array
    calls: list[Call]
    # What is remembered of the steps so far: their number, and vectors as long as the parameters.
    steps: int
    moments: tuple[Array, ...]

    def scalar_rows(self, rates: npt.NDArray[np.float64]) -> Array:
        """Return what each of the next len(rates) steps needs, one row per step, and count these steps as taken."""
        ...


def decay_vector(
    weights: tuple[Array, ...], weight_decay: float, rows: int, *, spared: Collection[int] = ()
) -> Array | None:
    """Return the factor by which each parameter adds to its gradient sum; None when there is no decay.

    Biases get 0, and so does all of the weights whose index is in `spared`.
    """
    if weight_decay == 0:
        return None
    parts = [np.full_like(matrix, weight_decay * rows) for matrix in weights]
    for index, part in enumerate(parts):
        part[0 if index in spared else -1 :] = 0
    return np.concatenate([part.reshape(-1) for part in parts])


class Sgd:
    """Stochastic gradient descent with Nesterov momentum, as torch.optim.SGD(nesterov=True) computes it.

    v = momentum v + g; parameters -= rate (g + momentum v). (Sutskever et al. 2013, rewritten for the shifted
    parameters.) With momentum 0 it is plain descent.
    """

    def __init__(
        self,
        parameters: Array,
        gradient: Array,
        *,
        rows: int,
        momentum: float,
        decay: Array | None = None,
        xp: ArrayModule = np,
    ) -> None:
        dtype = parameters.dtype
        self._rows = rows
        self.steps = 0
        self.scalars = aligned((1,), dtype, xp)
        rate = self.scalars[0:1].reshape(())
        self.velocity = aligned(parameters.shape, dtype, xp)
        self.moments: tuple[Array, ...] = (self.velocity,)
        change = aligned(parameters.shape, dtype, xp)
        decay_factor = constant(momentum, dtype, xp)
        self.calls = _decay_calls(parameters, gradient, decay, xp)
        if momentum:
            self.calls += [
                partial(xp.multiply, self.velocity, decay_factor, self.velocity),
                partial(xp.add, self.velocity, gradient, self.velocity),
                partial(xp.multiply, self.velocity, decay_factor, change),
                partial(xp.add, change, gradient, change),
                partial(xp.multiply, change, rate, change),
            ]
        else:
            self.calls.append(partial(xp.multiply, gradient, rate, change))
        self.calls.append(partial(xp.subtract, parameters, change, parameters))

    def scalar_rows(self, rates: npt.NDArray[np.float64]) -> Array:
        """Return the rate per row of the batch, (steps, 1)."""
        self.steps += len(rates)
        return (rates / self._rows).astype(self.scalars.dtype)[:, np.newaxis]


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) with epsilon where torch puts it: outside the root, after the correction.

    parameters -= rate m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon). Kept are M = m / (1 - b1) and
    V = v / (1 - b2), of gradient sums instead of means: all these factors and both corrections then fold into two
    scalars per step, and no pass over a vector is spent on them.

    `decoupled` makes it AdamW (Loshchilov and Hutter 2019, algorithm 2, with the decay times the rate as in torch):
    parameters -= rate * decay * parameters first, and the gradient stays as it is. `decay` is then per parameter and
    step, not per row.
    """

    def __init__(
        self,
        parameters: Array,
        gradient: Array,
        *,
        rows: int,
        momentum: float,
        decay: Array | None = None,
        decoupled: bool = False,
        xp: ArrayModule = np,
    ) -> None:
        dtype = parameters.dtype
        self._rows = rows
        self._momentum = momentum
        self._decoupled = decoupled
        self.steps = 0
        self.scalars = aligned((3 if decoupled else 2,), dtype, xp)
        rate, epsilon = self.scalars[0:1].reshape(()), self.scalars[1:2].reshape(())
        self.first_moment = aligned(parameters.shape, dtype, xp)
        self.second_moment = aligned(parameters.shape, dtype, xp)
        self.moments: tuple[Array, ...] = (self.first_moment, self.second_moment)
        # Nothing reads the gradient after its square was taken: as scratch it spares the cache one more vector.
        change = gradient
        first_decay, second_decay = constant(momentum, dtype, xp), constant(SECOND_MOMENT_DECAY, dtype, xp)
        if decoupled:
            decaying = _shrink_calls(parameters, decay, self.scalars[2:3].reshape(()), xp)
        else:
            decaying = _decay_calls(parameters, gradient, decay, xp)
        self.calls: list[Call] = [
            *decaying,
            partial(xp.multiply, self.first_moment, first_decay, self.first_moment),
            partial(xp.add, self.first_moment, gradient, self.first_moment),
            partial(xp.multiply, gradient, gradient, gradient),
            partial(xp.multiply, self.second_moment, second_decay, self.second_moment),
            partial(xp.add, self.second_moment, gradient, self.second_moment),
            partial(xp.sqrt, self.second_moment, change),
            partial(xp.add, change, epsilon, change),
            partial(xp.divide, self.first_moment, change, change),
            partial(xp.multiply, change, rate, change),
            partial(xp.subtract, parameters, change, parameters),
        ]

    def scalar_rows(self, rates: npt.NDArray[np.float64]) -> Array:
        """Return the folded rate and epsilon of each step, (steps, 2); with the rate itself behind when decoupled."""
        step = np.arange(self.steps + 1, self.steps + len(rates) + 1, dtype=np.float64)
        self.steps += len(rates)
        first_correction = 1 - self._momentum**step
        second_correction = 1 - SECOND_MOMENT_DECAY**step
        # sqrt(v / correction) = sqrt(V) * root / rows, and m / correction = M * (1 - b1) / correction / rows.
        root = np.sqrt((1 - SECOND_MOMENT_DECAY) / second_correction)
        folded_rate = rates * (1 - self._momentum) / first_correction / root
        scalars = np.empty((len(rates), len(self.scalars)), self.scalars.dtype)
        scalars[:, 0] = folded_rate
        scalars[:, 1] = EPSILON * self._rows / root
        if self._decoupled:
            scalars[:, 2] = rates
        return scalars


def _decay_calls(parameters: Array, gradient: Array, decay: Array | None, xp: ArrayModule) -> list[Call]:
    if decay is None:
        return []
    scratch = aligned(parameters.shape, parameters.dtype, xp)
    return [partial(xp.multiply, parameters, decay, scratch), partial(xp.add, gradient, scratch, gradient)]


def _shrink_calls(parameters: Array, decay: Array | None, rate: Array, xp: ArrayModule) -> list[Call]:
    if decay is None:
        return []
    scratch = aligned(parameters.shape, parameters.dtype, xp)
    return [
        partial(xp.multiply, parameters, decay, scratch),
        partial(xp.multiply, scratch, rate, scratch),
        partial(xp.subtract, parameters, scratch, parameters),
    ]


def clip_calls(gradient: Array, norm: float, rows: int) -> list[Call]:
    """Return calls, to come before an optimizer's own, that shorten a gradient sum whose mean is longer than `norm`.

    A gradient within the limit keeps every bit: it is multiplied by 1 (Pascanu, Mikolov and Bengio 2013, algorithm 1).
    """
    dtype = gradient.dtype
    limit, factor = constant(norm * rows, dtype), np.empty((), dtype)
    return [
        partial(np.dot, gradient, gradient, factor),
        partial(np.sqrt, factor, factor),
        partial(np.maximum, factor, limit, out=factor),
        partial(np.divide, limit, factor, factor),
        partial(np.multiply, gradient, factor, gradient),
    ]
