"""Replicates: one architecture trained with several seeds, so that its score is a mean with a standard error.

Small networks train as stacks, where that is faster. What is stacked together follows from the architecture, the batch
size and the number of replicates, never from what else there is to do; a stack's members have the bits of single runs
anyway (see `core.stack`), so a change of these limits changes no result.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from core.architecture import Architecture
from core.backend import ArrayModule
from core.dataset import Dataset, Task
from core.errors import Diverged, InvalidTrainingConfig
from core.json_fields import check_int
from core.stack import train_stack
from core.training import REPLICATION, TrainingConfig, TrainingResult, can_stack, train

MAX_REPLICATES = 1000
# A stack's parameters, gradients and moments leave the second-level cache beyond these, and with them goes what the
# shared calls had won. Measured with 2 to 32 members: see docs/performance.md.
MAX_STACK_PARAMETERS = 300_000
# Large batches fill the cache with activations, and leave less to win: their calls are few.
LARGE_BATCH = 64
MAX_STACK_PARAMETERS_LARGE_BATCH = 150_000
# More members win nothing more.
MAX_STACK_MEMBERS = 32


def stack_size(architecture: Architecture, batch_size: int, replicates: int) -> int:
    """Return how many of the replicates should train in one step; 1 means that a stack does not pay."""
    limit = MAX_STACK_PARAMETERS if batch_size <= LARGE_BATCH else MAX_STACK_PARAMETERS_LARGE_BATCH
    return max(1, min(replicates, MAX_STACK_MEMBERS, limit // architecture.parameter_count))


def group_size(architecture: Architecture, task: Task, config: TrainingConfig, rows: int, replicates: int) -> int:
    """Return how many of the replicates train in one step, on that many train rows; groups are as even as can be."""
    if not can_stack(architecture, task, config):
        return 1
    groups = math.ceil(replicates / stack_size(architecture, min(config.batch_size, rows), replicates))
    return math.ceil(replicates / groups)


def stack_pays(architecture: Architecture, batch_size: int, replicates: int) -> bool:
    """Say whether training these replicates in stacks is faster than one after the other."""
    return stack_size(architecture, batch_size, replicates) > 1


def replicate_seeds(seed: int, replicates: int) -> tuple[int, ...]:
    """Return the seeds of a training and its repetitions, 63 bits each; the first is `seed` itself.

    So one replicate is the plain training, and a further one changes nothing about those before it.
    """
    check_int(replicates, what="replicates", low=1, high=MAX_REPLICATES, error=InvalidTrainingConfig)
    others = (
        np.random.SeedSequence(seed, spawn_key=(REPLICATION, number)).generate_state(1, np.uint64)[0]
        for number in range(1, replicates)
    )
    return (seed, *(int(state) >> 1 for state in others))


def train_replicates(
    architecture: Architecture,
    dataset: Dataset,
    config: TrainingConfig,
    *,
    seeds: Sequence[int],
    xp: ArrayModule = np,
    after_epoch: Callable[[], None] | None = None,
) -> list[TrainingResult | Diverged]:
    """Train one network per seed, in stacks where that pays; a replicate that diverged is its error.

    Same arguments give the same bits, and the bits of `core.training.train` for each seed (see `core.stack`). Another
    array module than NumPy gets all replicates as one stack. `after_epoch` as in `core.training.train`.
    """
    if xp is not np:
        return train_stack(architecture, dataset, config, seeds=seeds, xp=xp, after_epoch=after_epoch)
    size = group_size(architecture, dataset.task, config, len(dataset.train), len(seeds))
    results: list[TrainingResult | Diverged] = []
    # Groups of nearly equal size, because a last one of a single member would win nothing.
    for group in np.array_split(np.arange(len(seeds)), math.ceil(len(seeds) / size)):
        chosen = [seeds[index] for index in group]
        if len(chosen) > 1:
            results += train_stack(architecture, dataset, config, seeds=chosen, after_epoch=after_epoch)
            continue
        try:
            results.append(train(architecture, dataset, config, seed=chosen[0], after_epoch=after_epoch))
        except Diverged as error:
            results.append(error)
    return results


_SQUARES_FIT = 1e150
"""Sums of squares of larger numbers overflow."""


def mean_and_standard_error(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean and its standard error, s / sqrt(n) with n - 1 degrees of freedom; None for a single value."""
    if len(values) == 1:
        return math.fsum(values), None
    largest = max(map(abs, values))
    if largest > _SQUARES_FIT:
        mean, error = mean_and_standard_error([value / largest for value in values])
        return mean * largest, None if error is None else error * largest
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean, math.sqrt(variance / len(values))
