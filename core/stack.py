"""Trains several networks in one step: the same architecture with several seeds, or different widths of one depth.

Where widths differ, the narrower members' arrays are padded. Each member's matrices keep their shapes, so that padding
is never multiplied and a member computes what it would alone; members of one architecture share their calls.
"""

import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from core.arrays import Array, aligned
from core.backend import ArrayModule, to_host
from core.dataset import Dataset
from core.errors import Diverged, InvalidStack
from core.network import Network
from core.optimizer import decay_vector
from core.schedule import schedule
from core.stacked_step import Part, Stack, StackedInference, StackedStepper, stacked_views
from core.training import (
    INITIALIZATION,
    SHUFFLING,
    Epoch,
    TrainingConfig,
    TrainingResult,
    can_stack,
    check_fit,
    is_better,
    make_optimizer,
    predicted_flops,
    stream,
)

MAX_MEMBERS = 4096


def train_stack(
    architectures: Architecture | Sequence[Architecture],
    dataset: Dataset,
    config: TrainingConfig,
    *,
    seeds: Sequence[int],
    xp: ArrayModule = np,
    after_epoch: Callable[[], None] | None = None,
) -> list[TrainingResult | Diverged]:
    """Train one network per seed, all in one step; each comes out as `core.training.train` would have trained it.

    One architecture is trained with every seed; several are paired with the seeds. The result of a member that diverged
    is the error that `train` would have raised; the others go on. A member that diverged or ran out of patience leaves
    the stack at the end of its epoch. `seconds` are shared equally among the members of each epoch, so that they add up
    to the CPU seconds of the calling thread. `xp` is the array module (see `core.backend`),
    `after_epoch` as in `train`.

    A member's bits are those of its single training (on one BLAS library and one kind of processor).
    Raises InvalidStack, InvalidTrainingConfig, and InvalidDataset when data and architecture do not fit.
    """
    started = time.thread_time()
    members = _members(architectures, dataset, seeds)
    if not all(can_stack(member.network.architecture, dataset.task, config) for member in members):
        raise InvalidStack(
            "only dense networks for plain classification, scored by accuracy, with sgd or adam and without clipping, "
            "train as a stack"
        )
    # Members of one architecture stand side by side.
    order = sorted(members, key=lambda member: member.network.architecture.widths)
    training = _Training(order, dataset, config, xp)
    for number in range(1, config.epochs + 1):
        active = training.members
        training.epoch(number)
        now = time.thread_time()
        for member in active:
            member.seconds += (now - started) / len(active)
        started = now
        if after_epoch is not None:
            after_epoch()
        if not training.members:
            break
    return [member.result(len(dataset.train)) for member in members]


@dataclass(slots=True, eq=False)
class _Member:
    network: Network
    seed: int
    curve: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    # The parameters at the best epoch, padded.
    best: Array | None = None
    seconds: float = 0.0
    error: Diverged | None = None

    def result(self, rows: int) -> TrainingResult | Diverged:
        if self.error is not None:
            return self.error
        return TrainingResult(
            network=self.network,
            curve=tuple(self.curve),
            best_epoch=self.best_epoch,
            epochs=len(self.curve),
            flops=predicted_flops(self.network.architecture, rows, len(self.curve)),
            seconds=self.seconds,
        )


class _Training:
    """A stack in training: the arrays of those members that are still in it."""

    def __init__(self, members: list[_Member], dataset: Dataset, config: TrainingConfig, xp: ArrayModule) -> None:
        self.members = members
        self._dataset, self._config, self._xp = dataset, config, xp
        self._rows = min(config.batch_size, len(dataset.train))
        networks = [member.network for member in members]
        self._width = max(len(network.parameters) for network in networks)
        self._build(xp.asarray(np.stack([self._padded(network.parameters) for network in networks])))

    def _padded(self, vector: Array) -> Array:
        return np.pad(vector, (0, self._width - len(vector)))

    def _build(self, parameters: Array) -> None:
        xp, networks = self._xp, [member.network for member in self.members]
        self._parameters = aligned(parameters.shape, np.float32, xp)
        self._parameters[...] = parameters
        gradient = aligned(parameters.shape, np.float32, xp)
        flat = self._parameters.reshape(-1), gradient.reshape(-1)
        self._optimizer = make_optimizer(self._config, *flat, self._decay(networks), self._rows, xp)
        parts, start = [], 0
        for architecture, group in itertools.groupby(network.architecture for network in networks):
            chosen = slice(start, start + len(list(group)))
            views = (stacked_views(architecture, vectors[chosen]) for vectors in (self._parameters, gradient))
            parts.append(Part(chosen, *views))
            start = chosen.stop
        stack = Stack(tuple(parts), networks[0].activations, xp)
        train = self._dataset.train
        self._stepper = StackedStepper(stack, self._optimizer, train.flat_inputs, train.targets, self._rows)
        self._inference = StackedInference(stack, self._dataset.validation.flat_inputs)

    def _decay(self, networks: list[Network]) -> Array | None:
        decays = [decay_vector(network.weights, self._config.weight_decay, self._rows) for network in networks]
        padded = [self._padded(decay) for decay in decays if decay is not None]
        return self._xp.asarray(np.concatenate(padded)) if padded else None

    def epoch(self, number: int) -> None:
        """Train all members for one epoch and look how each fared; those that are done leave."""
        config, steps = self._config, self._stepper.steps
        self._stepper.shuffle([stream(member.seed, SHUFFLING, number) for member in self.members])
        rates = config.learning_rate * schedule(config.schedule, (number - 1) * steps, steps, config.epochs * steps)
        # Overflow is looked for once per epoch; warnings would tell it first, thousands of times.
        with np.errstate(all="ignore"):
            self._stepper.run(rates)
            train_losses = self._stepper.losses()
            validation_losses, accuracies = _scores(self._inference(), self._dataset.validation.targets)
            # A parameter may be infinite behind a relu that maps it to 0, where no logit shows it.
            sums = to_host(self._parameters.sum(axis=1), self._xp)
        staying = []
        for index, member in enumerate(self.members):
            epoch = Epoch(float(train_losses[index]), float(validation_losses[index]), float(accuracies[index]))
            if self._goes_on(member, epoch, number, index, finite=bool(np.isfinite(sums[index]))):
                staying.append(index)
        if number == config.epochs:
            staying = []
        if len(staying) < len(self.members):
            self._keep(staying)

    def _goes_on(self, member: _Member, epoch: Epoch, number: int, index: int, *, finite: bool) -> bool:
        if not (finite and math.isfinite(epoch.train_loss) and math.isfinite(epoch.validation_loss)):
            member.error = Diverged(number, tuple(member.curve))
            return False
        member.curve.append(epoch)
        if member.best_epoch == 0 or is_better(epoch, member.curve[member.best_epoch - 1]):
            member.best_epoch = number
            member.best = self._parameters[index].copy()
            return True
        patience = self._config.patience
        return patience is None or number - member.best_epoch < patience

    def _keep(self, staying: list[int]) -> None:
        for index, member in enumerate(self.members):
            if index not in staying and member.best is not None:
                parameters = member.network.parameters
                parameters[:] = to_host(member.best, self._xp)[: len(parameters)]
                member.best = None
        self.members = [self.members[index] for index in staying]
        if not staying:
            return
        before = self._optimizer
        # What holds rows and activations goes before its successor comes.
        del self._stepper, self._inference
        self._build(self._parameters[staying])
        self._optimizer.steps = before.steps
        for moment, old in zip(self._optimizer.moments, before.moments, strict=True):
            moment.reshape(len(staying), -1)[...] = old.reshape(-1, self._width)[staying]


def _members(
    architectures: Architecture | Sequence[Architecture], dataset: Dataset, seeds: Sequence[int]
) -> list[_Member]:
    if isinstance(architectures, Architecture):
        architectures = [architectures] * len(seeds)
    if not 1 <= len(seeds) <= MAX_MEMBERS:
        raise InvalidStack(f"a stack has 1 to {MAX_MEMBERS} members, got {len(seeds)} seeds")
    if len(architectures) != len(seeds):
        raise InvalidStack(f"one seed per architecture, got {len(architectures)} architectures and {len(seeds)} seeds")
    _check_alike(architectures)
    members = []
    for architecture, seed in zip(architectures, seeds, strict=True):
        check_fit(architecture, dataset, seed)
        network = Network(architecture, standardization=dataset.standardization)
        network.initialize(stream(seed, INITIALIZATION, 0))
        members.append(_Member(network, seed))
    return members


def _check_alike(architectures: Sequence[Architecture]) -> None:
    first = architectures[0]
    for other in architectures:
        if other.depth != first.depth:
            raise InvalidStack(
                f"members of a stack have one depth, got {first.describe()} and {other.describe()}"[:500]
            )
        for index, (one, its) in enumerate(zip(first.activations, other.activations, strict=False)):
            if its != one:
                raise InvalidStack(f"layers[{index}]: members have activations {one} and {its}")


def _scores(
    logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return every member's `core.metrics.cross_entropy` and `accuracy` for logits (members, outputs, n)."""
    accuracies = np.mean(logits.argmax(axis=1) == targets, axis=1)
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    wanted = np.take_along_axis(shifted, targets[np.newaxis, np.newaxis], axis=1)[:, 0]
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - wanted, axis=1), accuracies
