"""Which network a search recommends: its networks in order, each with what is believed of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Evaluation
from evolution.space import SearchSpace


@dataclass(frozen=True, slots=True)
class Standing:
    """What a search believes of one of its networks: the mean of its fitness and that mean's standard deviation.

    `training` is how it was trained, `trainings` how often, and `number` its first candidate.
    """

    architecture: Architecture
    training: TrainingConfig
    mean: float
    deviation: float
    trainings: int
    number: int


def standings(evaluations: Sequence[Evaluation], space: SearchSpace) -> tuple[Standing, ...]:
    """Return the networks of the space that were trained to the end, best first.

    The belief is the plain mean over a network's trainings; its deviation is the spread of networks that were trained
    more than once, pooled, over the root of the number of trainings (0 where there is none). Ties go to the network
    with fewer parameters, then to the earlier one.
    """
    groups: dict[Architecture, list[Evaluation]] = {}
    for one in sorted(evaluations, key=lambda evaluation: evaluation.candidate.number):
        full_length = one.fitness is not None and one.candidate.stop_after is None
        if full_length and space.contains(one.candidate.architecture):
            groups.setdefault(one.candidate.architecture, []).append(one)
    scores = {architecture: [one.fitness or 0.0 for one in group] for architecture, group in groups.items()}
    means = {architecture: math.fsum(values) / len(values) for architecture, values in scores.items()}
    freedom = sum(len(values) - 1 for values in scores.values())
    squares = math.fsum((value - means[key]) ** 2 for key, values in scores.items() for value in values)
    noise = math.sqrt(squares / freedom) if freedom else 0.0
    found = [
        Standing(
            architecture=architecture,
            training=group[0].candidate.training,
            mean=means[architecture],
            deviation=noise / math.sqrt(len(group)),
            trainings=len(group),
            number=group[0].candidate.number,
        )
        for architecture, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.mean, one.architecture.parameter_count, one.number)))
