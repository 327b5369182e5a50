"""Trains one network on one dataset: epochs, validation, the best epoch's weights, early stop, divergence.

`train` does all of it. `Training` does it epoch by epoch, and between two epochs its state can be taken as a value.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from core.arrays import Array, aligned
from core.backend import ArrayModule
from core.chain import inference
from core.chain_step import ChainBuffer, ChainStepper
from core.dataset import Dataset, Task
from core.epoch import Epoch
from core.errors import Diverged, InvalidDataset, InvalidTrainingConfig, InvalidTrainingState
from core.json_fields import check_int
from core.layers import Dropout, LayerNormalization
from core.network import Network, weight_views
from core.objective import Huber, Objective, SigmoidObjective, SoftmaxObjective, SquaredError
from core.optimizer import Adam, Optimizer, Sgd, clip_calls, decay_vector
from core.schedule import schedule
from core.step import EpochBuffer, Stepper
from core.training_config import TrainingConfig
from core.training_state import MAX_SEED, TrainingState
from core.validation import check_metric, validation_loss, validation_score

__all__ = ["Epoch", "Training", "TrainingConfig", "TrainingResult", "TrainingState", "predicted_flops", "train"]

# One random stream per decision, so that no draw depends on how many came before it elsewhere.
INITIALIZATION, SHUFFLING, REPLICATION, DROPOUT = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A trained network with its best epoch's parameters, and what it cost.

    The best epoch (counted from 1) has the highest validation score; of equals the lowest validation loss, of equal
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
    def score(self) -> float:
        """The score on the validation rows at the best epoch: the config's metric, or the task's own."""
        return self.curve[self.best_epoch - 1].validation_score


def predicted_flops(architecture: Architecture, rows: int, epochs: int) -> int:
    """Return the cost of `epochs` passes over `rows` training rows, known before the training starts."""
    return architecture.training_flops * rows * epochs


def train(
    architecture: Architecture,
    dataset: Dataset,
    config: TrainingConfig,
    *,
    seed: int,
    after_epoch: Callable[[], None] | None = None,
) -> TrainingResult:
    """Train a new network on dataset.train, watching dataset.validation; dataset.test is never touched.

    The data is taken as it is: standardize it first. Same arguments give the same bits (on one BLAS thread and one
    kind of processor). `after_epoch` is called after each epoch, and may end the training by an exception. Raises
    Diverged, and InvalidDataset when data and architecture do not fit.
    """
    training = Training(architecture, dataset, config, seed=seed)
    training.run(after_epoch=after_epoch)
    return training.result()


class Training:
    """One training that can stop after any epoch and go on from its state, in this process or another, to the bit.

    Errors as in `train`.
    """

    def __init__(self, architecture: Architecture, dataset: Dataset, config: TrainingConfig, *, seed: int) -> None:
        started = time.thread_time()
        check_fit(architecture, dataset, seed)
        check_metric(dataset.task, config.metric)
        self.architecture, self.dataset, self.config, self.seed = architecture, dataset, config, seed
        self._network = _network(architecture, dataset)
        self._network.initialize(stream(seed, INITIALIZATION, 0))
        parameters = self._network.parameters
        self._best = _network(architecture, dataset)
        self._curve: list[Epoch] = []
        self._best_epoch = 0
        rows = min(config.batch_size, len(dataset.train))
        gradient = aligned(parameters.shape, np.float32)
        owners = [stage.layer for stage in architecture.stages if stage.weight_shape is not None]
        spared = [index for index, layer in enumerate(owners) if isinstance(layer, LayerNormalization)]
        decay_rows = 1 if config.optimizer == "adamw" else rows
        decay = decay_vector(self._network.weights, config.weight_decay, decay_rows, spared=spared)
        self._optimizer = make_optimizer(config, parameters, gradient, decay, rows)
        if config.clip_norm is not None:
            self._optimizer.calls[:0] = clip_calls(gradient, config.clip_norm, rows)
        self._run_epoch: Callable[[npt.NDArray[np.float64]], None]
        self._buffer: EpochBuffer | ChainBuffer
        self._chain_stepper: ChainStepper | None = None
        train_inputs, train_targets = dataset.train.flat_inputs, dataset.train.targets
        if takes_the_dense_path(architecture, dataset.task, config):
            buffer = EpochBuffer(train_inputs, train_targets, dataset.outputs, rows, np.float32)
            gradients = weight_views(architecture, gradient)
            dense = Stepper(self._network.weights, gradients, self._network.activations, self._optimizer, rows)
            self._buffer, self._run_epoch = buffer, partial(dense.run, buffer.batches)
        else:
            chained = ChainBuffer(train_inputs, _columns(dataset), _row_weights(dataset, config), rows, np.float32)
            objective = partial(_objective, dataset, config)
            stepper = ChainStepper(architecture, self._network.weights, gradient, objective, self._optimizer, rows)
            self._buffer, self._run_epoch = chained, partial(stepper.run, chained.batches)
            if any(isinstance(layer, Dropout) for layer in architecture.layers):
                self._chain_stepper = stepper
        self._steps = len(self._buffer.batches)
        self._inference = inference(architecture, self._network.weights)
        self._seconds = time.thread_time() - started

    @classmethod
    def resume(cls, state: TrainingState, dataset: Dataset, *, epochs: int | None = None) -> "Training":
        """Go on from a state, on the dataset that it was made with.

        `epochs` asks for more or fewer of them than the state's config; only where the rate does not depend on their
        number (a constant schedule) is that the training that such a config would have been from the start. Raises
        InvalidTrainingState.
        """
        config = state.config
        if epochs is not None and epochs != config.epochs:
            if config.schedule != "constant":
                raise InvalidTrainingState(
                    f"a training with the schedule {config.schedule!r} is planned for {config.epochs} epochs and "
                    f"cannot go on to {epochs}; only a constant one can"
                )
            config = replace(config, epochs=epochs)
        if state.fingerprint != dataset.fingerprint:
            raise InvalidTrainingState(
                f"the state belongs to the dataset {state.fingerprint[:16]}, not to {dataset.fingerprint[:16]}"
            )
        training = cls(state.architecture, dataset, config, seed=state.seed)
        optimizer = training._optimizer
        if len(state.moments) != len(optimizer.moments) or state.steps != state.epochs * training._steps:
            raise InvalidTrainingState("the state's optimizer does not fit its config and the dataset's rows")
        training._network.parameters[:] = state.parameters
        training._best.parameters[:] = state.best_parameters
        for moment, stored in zip(optimizer.moments, state.moments, strict=True):
            moment[:] = stored
        optimizer.steps = state.steps
        training._curve = list(state.curve)
        training._best_epoch = state.best_epoch
        return training

    @property
    def epochs(self) -> int:
        """Epochs run so far, those before a `resume` included."""
        return len(self._curve)

    @property
    def finished(self) -> bool:
        """Whether all epochs were run, or patience ran out."""
        patience = self.config.patience
        waited = patience is not None and self.epochs - self._best_epoch >= patience
        return self.epochs >= self.config.epochs or (waited and self.epochs > 0)

    def run(self, epochs: int | None = None, *, after_epoch: Callable[[], None] | None = None) -> None:
        """Run until finished, or at most `epochs` more epochs; raises Diverged, and whatever `after_epoch` raises."""
        started = time.thread_time()
        stop = self.config.epochs if epochs is None else self.epochs + epochs
        try:
            while not self.finished and self.epochs < stop:
                self._run_one()
                if after_epoch is not None:
                    after_epoch()
        finally:
            self._seconds += time.thread_time() - started

    def _run_one(self) -> None:
        config, number, steps = self.config, self.epochs + 1, self._steps
        self._buffer.shuffle(rng=stream(self.seed, SHUFFLING, number))
        if self._chain_stepper is not None:
            self._chain_stepper.noise.generator = stream(self.seed, DROPOUT, number)
        rates = config.learning_rate * schedule(config.schedule, (number - 1) * steps, steps, config.epochs * steps)
        validation, task = self.dataset.validation, self.dataset.task
        # Overflow is looked for once per epoch; warnings would tell it first, thousands of times.
        with np.errstate(all="ignore"):
            self._run_epoch(rates)
            train_loss = self._buffer.loss()
            outputs = self._inference(validation.flat_inputs)
            loss = validation_loss(task, config, outputs, validation.targets)
            score = validation_score(task, outputs, validation.targets, config.metric)
            epoch = Epoch(train_loss, loss, score)
            # A parameter may be infinite behind a relu that maps it to 0, where no logit shows it.
            finite = math.isfinite(float(self._network.parameters.sum()))
        if not (finite and all(map(math.isfinite, (train_loss, loss, epoch.validation_score)))):
            raise Diverged(number, tuple(self._curve))
        self._curve.append(epoch)
        if self._best_epoch == 0 or is_better(epoch, self._curve[self._best_epoch - 1]):
            self._best_epoch = number
            self._best.parameters[:] = self._network.parameters

    def state(self) -> TrainingState:
        """Return all that the next epoch depends on, as copies."""
        return TrainingState(
            architecture=self.architecture,
            config=self.config,
            seed=self.seed,
            fingerprint=self.dataset.fingerprint,
            curve=tuple(self._curve),
            best_epoch=self._best_epoch,
            steps=self._optimizer.steps,
            parameters=self._network.parameters.copy(),
            best_parameters=self._best.parameters.copy(),
            moments=tuple(moment.copy() for moment in self._optimizer.moments),
        )

    def result(self) -> TrainingResult:
        """Return the best network so far; raises InvalidTrainingState before the first epoch."""
        if not self._curve:
            raise InvalidTrainingState("no epoch was run yet")
        network = self._best
        if not self.finished:
            # The training may go on and find a better one; what was handed out stays as it is.
            network = _network(self.architecture, self.dataset)
            network.parameters[:] = self._best.parameters
        return TrainingResult(
            network=network,
            curve=tuple(self._curve),
            best_epoch=self._best_epoch,
            epochs=self.epochs,
            flops=predicted_flops(self.architecture, len(self.dataset.train), self.epochs),
            seconds=self._seconds,
        )


def can_stack(architecture: Architecture, task: Task, config: TrainingConfig) -> bool:
    """Say whether networks of this kind can train together in one step (see `core.stack`)."""
    # A member's gradient is clipped by its own norm, and AdamW shrinks by the rate: a stack does neither.
    plain_steps = config.clip_norm is None and config.optimizer != "adamw"
    # A stack counts right answers, all members at once.
    plain_score = config.metric in (None, "accuracy")
    return plain_steps and plain_score and takes_the_dense_path(architecture, task, config)


def check_fit(architecture: Architecture, dataset: Dataset, seed: int) -> None:
    """Refuse an architecture that the dataset cannot feed, and a seed that is no natural number."""
    if architecture.input_shape != dataset.input_shape or architecture.outputs != dataset.outputs:
        names = "classes" if dataset.task == "classification" else "outputs"
        raise InvalidDataset(
            f"the architecture takes {architecture.input_shape} and gives {architecture.outputs} outputs, "
            f"the dataset has {dataset.input_shape} and {dataset.outputs} {names}"
        )
    check_int(seed, what="seed", low=0, high=MAX_SEED, error=InvalidTrainingConfig)


def is_better(epoch: Epoch, best: Epoch) -> bool:
    """Say whether `epoch` is a better one to stop at; of equals the earlier stays the best."""
    return (epoch.validation_score, -epoch.validation_loss) > (best.validation_score, -best.validation_loss)


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
        case "adamw":
            return Adam(parameters, gradient, rows=rows, momentum=config.momentum, decay=decay, decoupled=True, xp=xp)
        case _:
            assert_never(config.optimizer)


def _network(architecture: Architecture, dataset: Dataset) -> Network:
    return Network(
        architecture,
        task=dataset.task,
        standardization=dataset.standardization,
        target_standardization=dataset.target_standardization,
    )


def takes_the_dense_path(architecture: Architecture, task: Task, config: TrainingConfig) -> bool:
    """Say whether `core.step` trains this: plain classification with dense layers alone."""
    plain_loss = config.label_smoothing == 0 and config.class_weights is None
    return architecture.is_dense and task == "classification" and plain_loss


def _columns(dataset: Dataset) -> npt.NDArray[Any]:
    """Return the train targets as the objective reads them: class indices (n,), or numbers (n, outputs)."""
    targets = dataset.train.targets
    return targets[:, np.newaxis] if dataset.task == "binary" else targets


def _row_weights(dataset: Dataset, config: TrainingConfig) -> npt.NDArray[np.float64] | None:
    weights = config.class_weights
    if weights is None:
        return None
    if dataset.task not in ("classification", "binary"):
        raise InvalidTrainingConfig(f"class_weights are for classification and binary, the dataset is {dataset.task}")
    targets, classes = dataset.train.targets, len(dataset.class_names)
    if weights == "balanced":
        counts = np.bincount(targets, minlength=classes)
        # A class without rows has nothing to weigh; 1 keeps the division defined.
        per_class = len(targets) / (classes * np.maximum(counts, 1))
    elif len(weights) != classes:
        raise InvalidTrainingConfig(f"class_weights: {len(weights)} numbers for {classes} classes")
    else:
        per_class = np.array(weights)
    chosen: npt.NDArray[np.float64] = per_class[targets]
    return chosen


def _objective(dataset: Dataset, config: TrainingConfig, outputs: Array) -> Objective:
    match dataset.task:
        case "classification":
            return SoftmaxObjective(outputs, config.label_smoothing)
        case "binary" | "multi_label":
            return SigmoidObjective(outputs, config.label_smoothing)
        case "regression":
            if config.regression_loss == "huber":
                return Huber(outputs, config.huber_delta)
            return SquaredError(outputs)
        case _:
            assert_never(dataset.task)
