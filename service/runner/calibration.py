"""How fast this machine trains, measured once when a runner has nothing else to do yet.

What a plan is told from before any job has finished here: a rough number, of a small network on small data.
"""

import os
import time
from typing import Final

from core.architecture import Architecture, Dense
from core.dataset import Dataset
from core.training import TrainingConfig, train
from service.settings import Settings

DATASET: Final = "digits-8x8"
SECONDS: Final = 0.3
_UNITS: Final = 32
_EPOCHS: Final = 2


def flops_per_second(dataset: Dataset) -> float:
    """Return how many FLOPs of training a second of the clock on the wall brings here, with one worker."""
    prepared = dataset.standardized().without_test()
    architecture = Architecture(dataset.input_shape, (Dense(_UNITS, "relu"),), dataset.outputs)
    training = TrainingConfig(epochs=_EPOCHS)
    # The first training also loads and warms what the later ones find ready.
    train(architecture, prepared, training, seed=0)
    flops, seed = 0, 0
    began = time.perf_counter()
    while (seconds := time.perf_counter() - began) < SECONDS:
        seed += 1
        flops += train(architecture, prepared, training, seed=seed).flops
    return flops / seconds


def workers(settings: Settings) -> int:
    """Return how many candidates this runner trains at once; of a cluster it knows what the settings say, or one."""
    if settings.evaluator == "serial":
        return 1
    if settings.workers is not None:
        return settings.workers
    return 1 if settings.ray_address is not None else os.cpu_count() or 1
