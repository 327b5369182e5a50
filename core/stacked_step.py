"""The training step of `core.step` for several networks, the members of a stack: the same calls, one more axis.

A small network spends most of its step on the calls themselves; a stack shares them among its members. Every matrix
product is a matmul over the members, which hands each member's matrices to the BLAS routine that np.dot takes, and
everything else works number by number: a member gets the same numbers as a network of its shape that trains alone.

Each member meets the rows in an order of its own. As in `core.epoch_rows` they are gathered for a block of steps at a
time, whose arrays do not grow with the members times the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from core.activations import activation_calls
from core.architecture import ActivationName, Architecture
from core.arrays import Array, Call, aligned, constant
from core.backend import ArrayModule, gather_call, to_host
from core.epoch_rows import block_batches, with_ones
from core.forward import CHUNK_ROWS
from core.optimizer import Optimizer

# With fewer rows BLAS takes other paths, and rounds otherwise, where a matrix is not contiguous.
FEW_ROWS = 4


def stacked_views(architecture: Architecture, vectors: Array) -> tuple[Array, ...]:
    """Return one (members, inputs + 1, units) view per dense layer into (members, parameters or more)."""
    views, start = [], 0
    for rows, columns in architecture.weight_shapes:
        views.append(vectors[:, start : start + rows * columns].reshape(len(vectors), rows, columns))
        start += rows * columns
    return tuple(views)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Members of one architecture, side by side in the stack: `weights` and `gradients` are `stacked_views`."""

    members: slice
    weights: tuple[Array, ...]
    gradients: tuple[Array, ...]

    def units(self, layer: int) -> int:
        """Return the units of a dense layer."""
        return int(self.weights[layer].shape[2])


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The members of a stack, all of one depth and with the same activations, and the module their arrays live in."""

    parts: tuple[Part, ...]
    activations: tuple[ActivationName, ...]
    xp: ArrayModule

    @property
    def members(self) -> int:
        """How many networks train together."""
        return int(self.parts[-1].members.stop)

    @property
    def outputs(self) -> int:
        """Outputs of each network."""
        return self.parts[0].units(-1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of all numbers."""
        return self.parts[0].weights[0].dtype


class StackedForward:
    """The forward pass of all members for `rows` rows each; arrays are (members, units, rows).

    A layer's arrays are as wide as its widest member; narrower ones are padded with units that no product reads.
    `logits` are a view of `logit_memory`, which is (outputs, members, rows): the softmax then treats a stack as one
    long batch, at full vector width.
    """

    def __init__(self, stack: Stack, rows: int) -> None:
        self._stack = stack
        xp, dtype, members = stack.xp, stack.dtype, stack.members
        if rows < FEW_ROWS:
            self.logit_memory = self.logits = aligned((members, stack.outputs, rows), dtype, xp)
        else:
            self.logit_memory = aligned((stack.outputs, members, rows), dtype, xp)
            self.logits = self.logit_memory.swapaxes(0, 1)
        self.hidden: list[Array] = []
        self.gradients: list[Array] = []
        self.backward: list[tuple[Call, ...]] = []
        self.calls: list[Call] = []
        layers = []
        for index, activation in enumerate(stack.activations):
            shape = members, max(part.units(index) for part in stack.parts) + 1, rows
            output, gradient = aligned(shape, dtype, xp), aligned(shape, dtype, xp)
            # The activation takes the rows of ones along, which are set again after it: with gaps between the members
            # NumPy would copy everything through its iterator's buffer, which takes three times as long.
            layers.append(activation_calls(activation, output, gradient, xp))
            self.hidden.append(output)
            self.gradients.append(gradient)
            self.backward.append(layers[-1].backward)
        self._products = [*(layer.pre for layer in layers), self.logits]
        for index, layer in enumerate(layers):
            self.calls.extend(layer.forward)
            for part in stack.parts:
                self.calls.append(partial(self.hidden[index][part.members, part.units(index)].fill, 1))
            for part in stack.parts:
                self.calls.append(self._product(part, index + 1, self.inputs_of(part, index + 1)))

    def inputs_of(self, part: Part, layer: int) -> Array:
        """Return what a hidden or the output layer of a part's members reads: (members, inputs + 1, rows)."""
        return self.hidden[layer - 1][part.members, : part.units(layer - 1) + 1]

    def first_calls(self, inputs: Array) -> list[Call]:
        """Return the first layer's products for inputs (members, inputs + 1, rows), or (inputs + 1, rows) for all."""
        return [
            self._product(part, 0, inputs if inputs.ndim == 2 else inputs[part.members]) for part in self._stack.parts
        ]

    def _product(self, part: Part, layer: int, inputs: Array) -> Call:
        out = self._products[layer][part.members, : part.units(layer)]
        return partial(self._stack.xp.matmul, part.weights[layer].swapaxes(1, 2), inputs, out=out)


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One step's place in a block."""

    # (members, rows, inputs + 1)
    inputs: Array
    # As the memory of the logits.
    one_hot: Array
    # (members, rows): places of the targets in the memory of the logits.
    target_cells: Array
    # (members, rows), written by the step: a row's loss is log(sum) - target logit, see `core.loss`.
    target_logits: Array
    sums: Array


def step_calls(stack: Stack, forward: StackedForward, slot: Slot, scale: float) -> tuple[Call, ...]:
    """Return the forward and backward pass of one slot.

    They fill the stack's gradients with those of each member's summed loss times `scale`, and the slot's
    `target_logits` and `sums`.
    """
    xp, memory, logits, inputs = stack.xp, forward.logit_memory, forward.logits, slot.inputs.swapaxes(1, 2)
    largest = aligned(slot.sums.shape, memory.dtype, xp)
    ones = xp.ones((1, stack.outputs), memory.dtype)
    if xp is np:
        # The ufunc itself, because the array's method passes through a Python function first.
        find_largest: Call = partial(np.maximum.reduce, logits, 1, out=largest)
    else:
        find_largest = partial(xp.amax, logits, axis=1, out=largest)
    largest, sums = largest[:, np.newaxis], slot.sums[:, np.newaxis]
    calls: list[Call] = [
        *forward.first_calls(inputs),
        *forward.calls,
        # The softmax and its cross-entropy, see `core.loss`.
        find_largest,
        partial(xp.subtract, logits, largest, logits),
        gather_call(memory.reshape(-1), slot.target_cells, slot.target_logits, xp),
        partial(xp.exp, memory, memory),
        partial(xp.matmul, ones, logits, out=sums),
        partial(xp.divide, logits, sums, logits),
        partial(xp.subtract, memory, slot.one_hot, memory),
    ]
    if scale != 1:
        calls.append(partial(xp.multiply, memory, constant(scale, memory.dtype, xp), memory))
    # dLoss/dz of the layer that is being walked through, from the last to the first.
    current = logits
    for index in range(len(stack.activations), 0, -1):
        before = forward.gradients[index - 1]
        for part in stack.parts:
            delta = current[part.members, : part.units(index)]
            below = forward.inputs_of(part, index)
            calls.append(partial(xp.matmul, below, delta.swapaxes(1, 2), out=part.gradients[index]))
            out = before[part.members, : part.units(index - 1)]
            calls.append(partial(xp.matmul, part.weights[index][:, :-1], delta, out=out))
        calls.extend(forward.backward[index - 1])
        current = before
    for part in stack.parts:
        delta = current[part.members, : part.units(0)]
        calls.append(partial(xp.matmul, inputs[part.members], delta.swapaxes(1, 2), out=part.gradients[0]))
    return tuple(calls)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some steps in a row: the calls that gather their rows, the calls of each step, the calls that keep the losses."""

    fill: tuple[Call, ...]
    steps: tuple[tuple[Call, ...], ...]
    keep: tuple[Call, ...]


class StackedBatches:
    """`steps` batches of `rows` rows for each member, cut into blocks that share one block's arrays."""

    def __init__(self, stack: Stack, source: Array, steps: int, rows: int, scale: float) -> None:
        xp, dtype, members, outputs = stack.xp, source.dtype, stack.members, stack.outputs
        slots = min(steps, block_batches(members * rows * source[0].nbytes))
        forward = StackedForward(stack, rows)
        inputs = aligned((slots, members, rows, source.shape[1]), dtype, xp)
        one_hot = aligned((slots, *forward.logit_memory.shape), dtype, xp)
        cells = xp.zeros((slots, members, rows), np.intp)
        target_logits, sums = aligned(cells.shape, dtype, xp), aligned(cells.shape, dtype, xp)
        calls = tuple(
            step_calls(stack, forward, Slot(*views), scale)
            for views in zip(inputs, one_hot, cells, target_logits, sums, strict=True)
        )
        self._xp = xp
        self._shape = steps, members, rows
        # Where the cell of a target lies in the memory of its step's logits, and a step's in its block's memory.
        by_member, self._by_class, _ = (stride // dtype.itemsize for stride in forward.logits.strides)
        self._row_starts = np.arange(members).reshape(members, 1) * by_member + np.arange(rows)
        self._slot_starts = (np.arange(steps) % slots * (members * outputs * rows)).reshape(steps, 1, 1)
        self._order, self._cells, self._places = (xp.zeros(self._shape, np.intp) for _ in range(3))
        self._target_logits, self._sums = aligned(self._shape, dtype, xp), aligned(self._shape, dtype, xp)
        zero, one = constant(0, dtype, xp), constant(1, dtype, xp)
        self.blocks: list[Block] = []
        for start in range(0, steps, slots):
            part = slice(start, min(start + slots, steps))
            count = part.stop - start
            fill = (
                gather_call(source, self._order[part], inputs[:count], xp),
                partial(xp.copyto, cells[:count], self._cells[part]),
                partial(xp.copyto, one_hot, zero),
                partial(one_hot.reshape(-1).__setitem__, self._places[part].reshape(-1), one),
            )
            keep = (
                partial(xp.copyto, self._target_logits[part], target_logits[:count]),
                partial(xp.copyto, self._sums[part], sums[:count]),
            )
            self.blocks.append(Block(fill, calls[:count], keep))

    def arrange(self, order: npt.NDArray[np.intp], targets: npt.NDArray[np.intp]) -> None:
        """Take each member's rows from `order` (members, steps * rows)."""
        steps, members, rows = self._shape
        by_step = order.reshape(members, steps, rows).swapaxes(0, 1)
        cells = targets[by_step] * self._by_class + self._row_starts
        for device, host in ((self._order, by_step), (self._cells, cells), (self._places, cells + self._slot_starts)):
            device[...] = self._xp.asarray(host)

    def loss_sums(self) -> npt.NDArray[np.float64]:
        """Return the sum of each member's losses, (members,), as the steps met the rows."""
        losses = self._xp.log(self._sums) - self._target_logits
        return to_host(losses.sum(axis=(0, 2), dtype=np.float64), self._xp)


class StackedStepper:
    """Runs the steps of an epoch on a split's rows: inputs (n, inputs) and targets (n,)."""

    def __init__(
        self,
        stack: Stack,
        optimizer: Optimizer,
        inputs: npt.NDArray[np.float32],
        targets: npt.NDArray[np.int64],
        batch_rows: int,
    ) -> None:
        full, rest = divmod(len(inputs), batch_rows)
        source = with_ones(inputs, inputs.dtype, stack.xp)
        self._xp = stack.xp
        self._optimizer = optimizer
        self._targets = np.array(targets, np.intp)
        # (members, n)
        self.order = np.empty((stack.members, len(inputs)), np.intp)
        self._batches = [StackedBatches(stack, source, full, batch_rows, 1)]
        if rest:
            # A smaller last batch counts as much as the others: its sum is scaled up to theirs.
            self._batches.append(StackedBatches(stack, source, 1, rest, batch_rows / rest))
        self._split_at = full * batch_rows
        self.steps = full + (rest > 0)

    def shuffle(self, streams: Sequence[np.random.Generator]) -> None:
        """Put each member's rows in an order that depends on nothing but its stream."""
        self.order[:] = np.arange(self.order.shape[1])
        for order, rng in zip(self.order, streams, strict=True):
            rng.shuffle(order)
        for batches, part in zip(self._batches, np.split(self.order, [self._split_at], axis=1), strict=False):
            batches.arrange(part, self._targets)

    def run(self, rates: npt.NDArray[np.float64]) -> None:
        """Take one step per batch, with one learning rate each."""
        scalars, update = self._optimizer.scalars, tuple(self._optimizer.calls)
        rows = iter(self._xp.asarray(self._optimizer.scalar_rows(rates)))
        for batches in self._batches:
            for block in batches.blocks:
                for call in block.fill:
                    call()
                for step in block.steps:
                    for call in step:
                        call()
                    scalars[:] = next(rows)
                    for call in update:
                        call()
                for call in block.keep:
                    call()

    def losses(self) -> npt.NDArray[np.float64]:
        """Return each member's mean loss over the epoch, (members,); NaN or infinite when a logit was."""
        total = np.sum([batches.loss_sums() for batches in self._batches], axis=0)
        return np.asarray(total / self.order.shape[1])


class StackedInference:
    """The members' logits for one set of rows, which all of them see in the same order."""

    def __init__(self, stack: Stack, inputs: npt.NDArray[np.float32]) -> None:
        self._logits = aligned((stack.members, stack.outputs, len(inputs)), stack.dtype, stack.xp)
        self._calls: list[Call] = []
        self._xp = stack.xp
        source = with_ones(inputs, inputs.dtype, stack.xp)
        forwards: dict[int, StackedForward] = {}
        # Chunks of the size that `core.forward` takes, so that a member's logits are those of a network alone.
        for start in range(0, len(inputs), CHUNK_ROWS):
            chunk = source[start : start + CHUNK_ROWS]
            if len(chunk) not in forwards:
                forwards[len(chunk)] = StackedForward(stack, len(chunk))
            forward = forwards[len(chunk)]
            keep = partial(stack.xp.copyto, self._logits[:, :, start : start + len(chunk)], forward.logits)
            self._calls += [*forward.first_calls(chunk.swapaxes(0, 1)), *forward.calls, keep]

    def __call__(self) -> Array:
        """Return (members, outputs, n), overwritten by the next call."""
        for call in self._calls:
            call()
        return to_host(self._logits, self._xp)
