"""Training candidates: what an evaluator is, the function that all of them run, and the one that needs nothing else."""

import os
import socket
from collections import deque
from collections.abc import Callable
from time import thread_time
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from core.dataset import Dataset
from core.errors import Diverged
from core.export import to_bytes
from core.network import Network
from core.replicates import mean_and_standard_error, replicate_seeds, train_replicates
from core.training import Training, TrainingResult, predicted_flops
from evolution.blas import pin_blas
from evolution.candidate import Candidate, Evaluation
from evolution.errors import EvolutionError, SearchOrderError
from evolution.limits import NO_LIMITS, OUT_OF_MEMORY, Limits, TimeIsOver


class Evaluator(Protocol):
    """Trains candidates somewhere; which evaluator did it can be seen in `seconds` and `worker` only."""

    @property
    def in_flight(self) -> int:
        """How many candidates were submitted whose evaluation was not returned yet."""
        ...

    def use(self, dataset: Dataset) -> None:
        """Train on another dataset from now on; raises SearchOrderError while anything is in flight."""
        ...

    def submit(self, candidate: Candidate) -> None:
        """Take a candidate to train; returns at once."""
        ...

    def wait(self, timeout: float) -> list[Evaluation]:
        """Return what has finished, waiting up to about `timeout` seconds for the first one; possibly nothing."""
        ...

    def cancel(self) -> None:
        """Drop everything in flight; the evaluator can be used again."""
        ...

    def close(self) -> None:
        """Drop everything in flight and free what the evaluator holds; closing twice is harmless."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def evaluate_candidate(candidate: Candidate, dataset: Dataset, limits: Limits = NO_LIMITS) -> Evaluation:
    """Train the candidate's replicates on the dataset, standardized before, and return its evaluation.

    The fitness is the mean over the replicates of the validation score at the best epoch. A candidate fails where any
    of them diverges, since a mean of the others would praise a network that cannot be relied on, where the training
    does not fit into memory, and where it goes over the limits, which are looked at before it and after each epoch;
    every other error is a fault of the program and is raised. Needs `dataset.test` only for `predict_test`.
    """
    pin_blas()
    if candidate.predict_test and dataset.test is None:
        raise EvolutionError(f"candidate {candidate.number} is to predict the test rows, but the dataset has none")
    several = dataset.task == "multi_label" or (dataset.task == "regression" and dataset.outputs > 1)
    if candidate.predict_test and several:
        # They are kept as one class index, or one number, per row.
        raise EvolutionError(
            f"test rows of {dataset.task} with {dataset.outputs} outputs cannot be predicted: only one answer is kept"
        )
    worker = f"{socket.gethostname()}/{os.getpid()}"
    refusal = limits.refusal(candidate, dataset)
    if refusal is not None:
        return failed_evaluation(candidate, refusal, worker=worker)
    started = thread_time()
    try:
        outcomes = _train(candidate, dataset, limits.watch(candidate))
        diverged = [outcome for outcome in outcomes if isinstance(outcome, Diverged)]
        results = [outcome for outcome in outcomes if isinstance(outcome, TrainingResult)]
        if not diverged:
            return _succeeded(candidate, dataset, results, worker)
        epochs = sum(error.epoch for error in diverged) + sum(result.epochs for result in results)
        return Evaluation(
            candidate=candidate,
            fitness=None,
            error=_failure(diverged, candidate.replicates),
            curve=diverged[0].curve,
            epochs=epochs,
            flops=predicted_flops(candidate.architecture, len(dataset.train), epochs),
            seconds=thread_time() - started,
            worker=worker,
        )
    except MemoryError:
        # What NumPy says about it may differ from run to run; that it did not fit is all that is certain.
        return failed_evaluation(candidate, OUT_OF_MEMORY, seconds=thread_time() - started, worker=worker)
    except TimeIsOver:
        # How far it came differs from run to run.
        error = limits.timeout(candidate)
        return failed_evaluation(candidate, error, seconds=thread_time() - started, worker=worker)


def _train(candidate: Candidate, dataset: Dataset, watch: Callable[[], None]) -> list[TrainingResult | Diverged]:
    seeds = replicate_seeds(candidate.seed, candidate.replicates)
    if candidate.stop_after is None:
        return train_replicates(candidate.architecture, dataset, candidate.training, seeds=seeds, after_epoch=watch)
    return [_stopped(candidate, dataset, seed, candidate.stop_after, watch) for seed in seeds]


def _stopped(
    candidate: Candidate, dataset: Dataset, seed: int, epochs: int, watch: Callable[[], None]
) -> TrainingResult | Diverged:
    training = Training(candidate.architecture, dataset, candidate.training, seed=seed)
    try:
        training.run(epochs, after_epoch=watch)
    except Diverged as error:
        return error
    return training.result()


def _failure(diverged: list[Diverged], replicates: int) -> str:
    share = f"{len(diverged)} of {replicates} replicates: " if replicates > 1 else ""
    return f"{share}{diverged[0]}"


def _succeeded(candidate: Candidate, dataset: Dataset, results: list[TrainingResult], worker: str) -> Evaluation:
    first, predictions = results[0], None
    if candidate.predict_test and dataset.test is not None:
        predictions = _predictions(first.network, dataset.test.flat_inputs)
    scores = tuple(float(result.score) for result in results)
    return Evaluation(
        candidate=candidate,
        fitness=mean_and_standard_error(scores)[0],
        error=None,
        curve=first.curve,
        epochs=sum(result.epochs for result in results),
        flops=sum(result.flops for result in results),
        seconds=sum(float(result.seconds) for result in results),
        worker=worker,
        network=to_bytes(first.network) if candidate.keep_network else None,
        test_predictions=predictions,
        scores=scores if candidate.replicates > 1 else (),
    )


def _predictions(network: Network, inputs: npt.NDArray[np.float32]) -> bytes:
    """Return one answer per row; the inputs are standardized already, so the network must not do it again."""
    if network.task != "regression":
        return network.predict_prepared(inputs).astype("<u2").tobytes()
    # A number that overflowed is a very wrong answer, not a missing one.
    largest = float(np.finfo(np.float32).max)
    outputs = np.nan_to_num(network.logits(inputs), nan=largest, posinf=largest, neginf=-largest)
    units = network.target_standardization
    return (outputs if units is None else units.restore(outputs)).astype("<f8").tobytes()


def failed_evaluation(candidate: Candidate, error: str, *, seconds: float = 0.0, worker: str = "") -> Evaluation:
    """Return the evaluation of a candidate whose training left nothing behind."""
    return Evaluation(candidate, None, error, curve=(), epochs=0, flops=0, seconds=seconds, worker=worker)


class SerialEvaluator:
    """Trains in the calling thread, one candidate for each `wait`, in the order of submission.

    A limit in seconds is looked at between epochs, so one epoch is never interrupted.
    """

    def __init__(self, dataset: Dataset, limits: Limits = NO_LIMITS) -> None:
        self._dataset = dataset
        self._limits = limits
        self._waiting: deque[Candidate] = deque()

    @property
    def in_flight(self) -> int:
        """How many candidates were submitted whose evaluation was not returned yet."""
        return len(self._waiting)

    def use(self, dataset: Dataset) -> None:
        """Train on another dataset from now on; raises SearchOrderError while anything is in flight."""
        if self._waiting:
            raise SearchOrderError("the dataset cannot change while candidates are being trained")
        self._dataset = dataset

    def submit(self, candidate: Candidate) -> None:
        """Take a candidate to train; returns at once."""
        self._waiting.append(candidate)

    def wait(self, timeout: float) -> list[Evaluation]:  # noqa: ARG002 - it is busy, not waiting
        """Train the candidate that was submitted first and return its evaluation, however long that takes."""
        if not self._waiting:
            return []
        evaluation = evaluate_candidate(self._waiting[0], self._dataset, self._limits)
        self._waiting.popleft()
        return [evaluation]

    def cancel(self) -> None:
        """Drop everything in flight; the evaluator can be used again."""
        self._waiting.clear()

    def close(self) -> None:
        """Drop everything in flight; closing twice is harmless."""
        self.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
