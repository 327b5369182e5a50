"""Trains one network on one dataset: epochs, validation, the best epoch's weights, early stop, divergence."""

import math
import time
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np

from core.architecture import Architecture
from core.arrays import Array, aligned
from core.backend import ArrayModule
from core.dataset import Dataset
from core.errors import Diverged, InvalidDataset, InvalidTrainingConfig
from core.forward import Inference
from core.json_fields import check_format, check_int, json_object
from core.metrics import accuracy, cross_entropy
from core.network import Network, weight_views
from core.optimizer import OPTIMIZERS, Adam, Optimizer, OptimizerName, Sgd, decay_vector
from core.schedule import SCHEDULES, ScheduleName, schedule
from core.step import EpochBuffer, Stepper

FORMAT = 1
MAX_EPOCHS = 100_000
MAX_BATCH_SIZE = 2**20
MAX_LEARNING_RATE = 1000.0

# One random stream per decision, so that no draw depends on how many came before it elsewhere.
INITIALIZATION, SHUFFLING, REPLICATION = 0, 1, 2


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How to train; raises InvalidTrainingConfig.

    `learning_rate` is the schedule's peak. `momentum` is SGD's Nesterov momentum and Adam's decay of the first
    moment. `weight_decay` is added to the gradient (L2), biases excepted. After `patience` epochs in a row without a
    new best epoch training stops; None means never.
    """

    epochs: int = 8
    batch_size: int = 32
    optimizer: OptimizerName = "adam"
    learning_rate: float = 0.01
    schedule: ScheduleName = "one_cycle"
    momentum: float = 0.9
    weight_decay: float = 0.0
    patience: int | None = None

    def __post_init__(self) -> None:
        error = InvalidTrainingConfig
        check_int(self.epochs, what="epochs", low=1, high=MAX_EPOCHS, error=error)
        check_int(self.batch_size, what="batch_size", low=1, high=MAX_BATCH_SIZE, error=error)
        if self.optimizer not in OPTIMIZERS:
            raise error(f"unknown optimizer {self.optimizer!r}; known are {', '.join(OPTIMIZERS)}"[:300])
        if self.schedule not in SCHEDULES:
            raise error(f"unknown schedule {self.schedule!r}; known are {', '.join(SCHEDULES)}"[:300])
        for name in ("learning_rate", "momentum", "weight_decay"):
            value = getattr(self, name)
            if type(value) not in (int, float):
                raise error(f"{name} must be a number, got {value!r}"[:300])
        # NaN fails every comparison, so these refuse it as well.
        if not 0 < self.learning_rate <= MAX_LEARNING_RATE:
            raise error(
                f"learning_rate must be above 0 and at most {MAX_LEARNING_RATE}, got {self.learning_rate}"[:300]
            )
        if not 0 <= self.momentum < 1:
            raise error(f"momentum must be from 0 to below 1, got {self.momentum}"[:300])
        if not 0 <= self.weight_decay <= 1:
            raise error(f"weight_decay must be from 0 to 1, got {self.weight_decay}"[:300])
        for name in ("learning_rate", "momentum", "weight_decay"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if self.patience is not None:
            check_int(self.patience, what="patience", low=1, high=MAX_EPOCHS, error=error)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with a format number."""
        return {"format": FORMAT, **{name: getattr(self, name) for name in self.__slots__}}

    @classmethod
    def from_json(cls, value: object) -> "TrainingConfig":
        """Read what `to_json` wrote; anything else raises InvalidTrainingConfig."""
        fields = json_object(value, what="training", keys=("format", *cls.__slots__), error=InvalidTrainingConfig)
        check_format(fields, what="training", known=FORMAT, error=InvalidTrainingConfig)
        return cls(**{name: fields[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch showed: mean losses in nats (train: as the steps met the rows), accuracy from 0 to 1."""

    train_loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A trained network with its best epoch's parameters, and what it cost.

    The best epoch (counted from 1) has the highest validation accuracy; of equals the lowest validation loss, of equal
    losses the first. `epochs` were run, `flops` spent (`predicted_flops` of these), `seconds` are CPU seconds of the
    calling thread.
    """

    network: Network
    curve: tuple[Epoch, ...]
    best_epoch: int
    epochs: int
    flops: int
    seconds: float

    @property
    def accuracy(self) -> float:
        """Validation accuracy at the best epoch."""
        return self.curve[self.best_epoch - 1].validation_accuracy


def predicted_flops(architecture: Architecture, rows: int, epochs: int) -> int:
    """Return the cost of `epochs` passes over `rows` training rows, known before the training starts."""
    return architecture.training_flops * rows * epochs


def train(architecture: Architecture, dataset: Dataset, config: TrainingConfig, *, seed: int) -> TrainingResult:
    """Train a new network on dataset.train, watching dataset.validation; dataset.test is never touched.

    The data is taken as it is: standardize it first. Same arguments give the same bits (on one BLAS thread and one
    kind of processor). Raises Diverged, and InvalidDataset when data and architecture do not fit.
    """
    started = time.thread_time()
    check_fit(architecture, dataset, seed)
    network = Network(architecture, standardization=dataset.standardization)
    network.initialize(stream(seed, INITIALIZATION, 0))
    rows = min(config.batch_size, len(dataset.train))
    gradient = aligned(network.parameters.shape, np.float32)
    decay = decay_vector(network.weights, config.weight_decay, rows)
    optimizer = make_optimizer(config, network.parameters, gradient, decay, rows)
    stepper = Stepper(network.weights, weight_views(architecture, gradient), network.activations, optimizer, rows)
    buffer = EpochBuffer(dataset.train.flat_inputs, dataset.train.targets, dataset.outputs, rows, np.float32)
    steps = len(buffer.batches)
    validation_inputs, validation_targets = dataset.validation.flat_inputs, dataset.validation.targets

    inference = Inference(network.weights, network.activations)
    curve: list[Epoch] = []
    best_epoch = 0
    best_parameters = np.empty_like(network.parameters)
    for number in range(1, config.epochs + 1):
        buffer.shuffle(rng=stream(seed, SHUFFLING, number))
        rates = config.learning_rate * schedule(config.schedule, (number - 1) * steps, steps, config.epochs * steps)
        # Overflow is looked for once per epoch; warnings would tell it first, thousands of times.
        with np.errstate(all="ignore"):
            stepper.run(buffer.batches, rates)
            train_loss = buffer.loss()
            logits = inference(validation_inputs)
            epoch = Epoch(train_loss, cross_entropy(logits, validation_targets), accuracy(logits, validation_targets))
            # A parameter may be infinite behind a relu that maps it to 0, where no logit shows it.
            finite = math.isfinite(float(network.parameters.sum()))
        if not (finite and math.isfinite(epoch.train_loss) and math.isfinite(epoch.validation_loss)):
            raise Diverged(number, tuple(curve))
        curve.append(epoch)
        if best_epoch == 0 or is_better(epoch, curve[best_epoch - 1]):
            best_epoch = number
            best_parameters[:] = network.parameters
        elif config.patience is not None and number - best_epoch >= config.patience:
            break
    network.parameters[:] = best_parameters
    return TrainingResult(
        network=network,
        curve=tuple(curve),
        best_epoch=best_epoch,
        epochs=len(curve),
        flops=predicted_flops(architecture, len(dataset.train), len(curve)),
        seconds=time.thread_time() - started,
    )


def check_fit(architecture: Architecture, dataset: Dataset, seed: int) -> None:
    """Refuse an architecture that the dataset cannot feed, and a seed that is no natural number."""
    if architecture.input_shape != dataset.input_shape or architecture.outputs != dataset.outputs:
        raise InvalidDataset(
            f"the architecture takes {architecture.input_shape} and gives {architecture.outputs} outputs, "
            f"the dataset has {dataset.input_shape} and {dataset.outputs} classes"
        )
    check_int(seed, what="seed", low=0, high=2**128 - 1, error=InvalidTrainingConfig)


def is_better(epoch: Epoch, best: Epoch) -> bool:
    """Say whether `epoch` is a better one to stop at; of equals the earlier stays the best."""
    return (epoch.validation_accuracy, -epoch.validation_loss) > (best.validation_accuracy, -best.validation_loss)


def stream(seed: int, purpose: int, number: int) -> np.random.Generator:
    """Return the random stream of one decision."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, number)))


def make_optimizer(
    config: TrainingConfig, parameters: Array, gradient: Array, decay: Array | None, rows: int, xp: ArrayModule = np
) -> Optimizer:
    """Return the optimizer of flat `parameters` whose `gradient` is a sum over `rows` rows."""
    match config.optimizer:
        case "sgd":
            return Sgd(parameters, gradient, rows=rows, momentum=config.momentum, decay=decay, xp=xp)
        case "adam":
            return Adam(parameters, gradient, rows=rows, momentum=config.momentum, decay=decay, xp=xp)
        case _:
            assert_never(config.optimizer)
