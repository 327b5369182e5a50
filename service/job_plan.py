"""What a job spec would come to on a data set, told before anything is trained.

Counted is the most that the phases may take: a search may end early, and the networks of the verdict may coincide.
FLOPs are told twice: as they are expected, at the mean cost of networks that are drawn from the space as a random
search draws them, and as the most that they can be, at the cost of the dearest one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.architecture import Architecture
from core.dataset import Task
from core.memory import training_bytes
from core.training import TrainingConfig
from evolution.bounds import affordable_shapes
from evolution.space import SearchSpace
from service.job_spec import FINAL_ARMS, JobSpec
from service.store.entities import Phase

DRAWN: Final = 200
"""Networks whose mean cost is taken for what a training costs."""


@dataclass(frozen=True, slots=True)
class DatasetShape:
    """What a plan must know of a data set."""

    input_shape: tuple[int, ...]
    outputs: int
    train_rows: int
    validation_rows: int
    task: Task


@dataclass(frozen=True, slots=True)
class PlannedNetwork:
    """A network at an end of the space, and the bytes that the most demanding training of it takes."""

    architecture: Architecture
    training_bytes: int


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """The most trainings and epochs of a phase, and the FLOPs that they are expected to take, or may take at most."""

    phase: Phase
    trainings: int
    epochs: int
    flops: float
    most_flops: float


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A job before it begins. `structures` counts the space without its limits where `limited`."""

    structures: int
    limited: bool
    description: str
    smallest: PlannedNetwork
    largest: PlannedNetwork
    phases: tuple[PlannedPhase, ...]

    @property
    def flops(self) -> Mapping[Phase, float]:
        """The expected FLOPs by phase."""
        return {phase.phase: phase.flops for phase in self.phases}


def plan_of(spec: JobSpec, dataset: DatasetShape) -> JobPlan:
    """Return what the spec, which could be run on this data set, comes to."""
    space = spec.search_space(dataset.input_shape, dataset.outputs)
    shapes = affordable_shapes(space)
    smallest = min((space.smallest(*shape) for shape in shapes), key=_size)
    largest = max((space.fit(space.largest(*shape)) for shape in shapes), key=_size)
    return JobPlan(
        structures=space.size(),
        limited=space.max_parameters is not None or space.max_inference_flops is not None,
        description=space.describe(),
        smallest=PlannedNetwork(smallest, _bytes(smallest, spec, space, dataset)),
        largest=PlannedNetwork(largest, _bytes(largest, spec, space, dataset)),
        phases=_phases(spec, space, dataset),
    )


def trainings_of_finalists(spec: JobSpec, candidates: int) -> int:
    """Return how many trainings the finalists of all searches take at most, after so many candidates per search."""
    return _searches(spec) * min(spec.final.finalists, candidates) * spec.final.seeds


def trainings_of_the_verdict(spec: JobSpec) -> int:
    """Return how many trainings the networks of the verdict take at most."""
    return (FINAL_ARMS - 2 + _searches(spec)) * spec.verdict.seeds


def _searches(spec: JobSpec) -> int:
    return 1 if spec.strategy == "random" else 2


def _phases(spec: JobSpec, space: SearchSpace, dataset: DatasetShape) -> tuple[PlannedPhase, ...]:
    each = spec.training.epochs
    if spec.budget.evaluations is None:
        epochs, trainings = spec.budget.amount, math.ceil(spec.budget.amount / each)
    else:
        # A network is searched once; its recipe, where that is searched too, makes it another candidate.
        candidates = spec.budget.evaluations if space.recipe else min(spec.budget.evaluations, space.size())
        trainings = candidates * spec.replicates
        epochs = trainings * each
    typical = _typical_flops(spec, space) * dataset.train_rows
    dearest = spec.space.dearest_sample(dataset.input_shape, dataset.outputs) * dataset.train_rows

    def planned(phase: Phase, trainings: int, epochs: int) -> PlannedPhase:
        return PlannedPhase(phase, trainings, epochs, typical * epochs, float(dearest * epochs))

    phases = [planned("search", trainings, epochs)]
    if _searches(spec) == 2:
        phases.append(planned("baseline", trainings, epochs))
    final = spec.final_training_config().epochs
    finalists = trainings_of_finalists(spec, max(1, trainings // spec.replicates))
    verdict = trainings_of_the_verdict(spec)
    return (*phases, planned("finalists", finalists, finalists * final), planned("final", verdict, verdict * final))


def _typical_flops(spec: JobSpec, space: SearchSpace) -> float:
    """Return the mean FLOPs of a training step per row over networks drawn from the space; the same for a same spec."""
    rng = np.random.default_rng(spec.seed)
    return float(np.mean([space.sample(rng).training_flops for _ in range(DRAWN)]))


def _size(architecture: Architecture) -> int:
    return architecture.parameter_count


def _bytes(architecture: Architecture, spec: JobSpec, space: SearchSpace, dataset: DatasetShape) -> int:
    trainings = _trainings(spec.training_config(), space)
    return max(
        training_bytes(
            architecture,
            training,
            rows=dataset.train_rows,
            validation_rows=dataset.validation_rows,
            task=dataset.task,
            replicates=spec.replicates,
        )
        for training in trainings
    )


def _trainings(training: TrainingConfig, space: SearchSpace) -> list[TrainingConfig]:
    if space.recipe is None:
        return [training]
    decay = max(space.recipe.weight_decays)
    return [replace(training, batch_size=size, weight_decay=decay) for size in space.recipe.batch_sizes]
