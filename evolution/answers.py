"""How many layers, and how many neurons? The search's scores by depth and by the total number of hidden neurons.

Every network counts once, with the mean of its trainings. A group's interval is Student's t over its networks: it
covers the mean of further networks of this kind *that this search would have chosen*. A search does not draw its
networks evenly, it goes where it expects good ones, so the interval does not cover all networks of that depth, and it
holds the luck of a seed and the difference between structures together. These are answers about the search's own
scores, on the validation rows; the verdict's tests are another matter.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.architecture import Architecture
from evolution.candidate import Evaluation, bounded
from evolution.statistics import Estimate, holm, mean_interval, welch_test

SIGNIFICANCE = 0.05

MARGIN = 0.01
"""A group is enough if its mean is shown to be less than this behind the best: one point of accuracy, 0.01 of R2."""


@dataclass(frozen=True, slots=True)
class Group:
    """Networks of one depth, or of one band of total neurons, `least` to `most`: the mean of their scores.

    `low` and `high` are its 95 % interval, which needs two of them. `behind` is how far the mean lies behind the best
    group's, with its 95 % interval by Welch's method and the p-value with Holm's correction over the groups; all None
    for the best group and for one of a single network, whose spread is unknown.
    """

    least: int
    most: int
    networks: int
    mean: float
    low: float | None
    high: float | None
    behind: float | None
    behind_low: float | None
    behind_high: float | None
    adjusted_p_value: float | None


@dataclass(frozen=True, slots=True)
class Answers:
    """By depth and by total neurons, each in ascending order."""

    layers: tuple[Group, ...]
    neurons: tuple[Group, ...]


def network_scores(evaluations: Sequence[Evaluation]) -> dict[Architecture, float]:
    """Return each network's mean fitness over its trainings that ran to the end without failing, in their order."""
    scores: dict[Architecture, list[float]] = {}
    for one in sorted(evaluations, key=lambda evaluation: evaluation.candidate.number):
        if one.fitness is not None and one.candidate.stop_after is None:
            scores.setdefault(one.candidate.architecture, []).append(bounded(one.fitness))
    return {architecture: math.fsum(values) / len(values) for architecture, values in scores.items()}


def neurons_of(architecture: Architecture) -> int:
    """Return the units of all hidden layers together."""
    return sum(architecture.widths)


def neuron_band(neurons: int) -> tuple[int, int]:
    """Return the band of a number of neurons: 0, 1, 2 to 3, 4 to 7, 8 to 15, and so on by powers of two."""
    if neurons == 0:
        return 0, 0
    least = 1 << (neurons.bit_length() - 1)
    return least, 2 * least - 1


def depth_band(depth: int) -> tuple[int, int]:
    """Return the band of a depth, which counts dense layers and convolutions: itself alone."""
    return depth, depth


def answer(evaluations: Sequence[Evaluation]) -> Answers:
    """Group a search's results; a search without a single result gives no groups."""
    return answers_of(network_scores(evaluations))


def answers_of(scores: Mapping[Architecture, float]) -> Answers:
    """Group networks by their mean scores."""
    return Answers(
        layers=_grouped(scores, lambda architecture: depth_band(len(architecture.widths))),
        neurons=_grouped(scores, lambda architecture: neuron_band(neurons_of(architecture))),
    )


def best_group(groups: Sequence[Group]) -> Group | None:
    """Return the group of several networks with the highest mean; None where every network stands alone."""
    return max((one for one in groups if one.networks > 1), key=lambda one: one.mean, default=None)


def simplest_sufficient(groups: Sequence[Group]) -> Group | None:
    """Return the first group of several networks that is the best, or shown to be less than a point behind it.

    That a group is not shown to be worse would not do: of a few networks that differ much nothing is ever shown.
    """
    best = best_group(groups)
    return next((one for one in groups if one is best or _close(one)), None)


def _close(group: Group) -> bool:
    return group.behind_high is not None and group.behind_high < MARGIN


def shown_worse(group: Group) -> bool:
    """Whether the group's mean was shown to lie below the best group's."""
    return group.adjusted_p_value is not None and group.adjusted_p_value < SIGNIFICANCE


def _grouped(
    scores: Mapping[Architecture, float], band: Callable[[Architecture], tuple[int, int]]
) -> tuple[Group, ...]:
    values: dict[tuple[int, int], list[float]] = {}
    for architecture, score in scores.items():
        values.setdefault(band(architecture), []).append(score)
    several = {key: group for key, group in values.items() if len(group) > 1}
    best = max(several, key=lambda key: (math.fsum(several[key]) / len(several[key]), -key[0]), default=None)
    tests = {
        key: welch_test(several[best], several[key]) for key in sorted(several) if best is not None and key != best
    }
    adjusted = dict(zip(tests, holm([test.p_value for test in tests.values()]), strict=True))
    return tuple(_group(key, values[key], tests.get(key), adjusted.get(key)) for key in sorted(values))


def _group(key: tuple[int, int], values: Sequence[float], test: Estimate | None, adjusted: float | None) -> Group:
    if len(values) == 1:
        return Group(*key, 1, values[0], None, None, None, None, None, None)
    interval = mean_interval(values)
    group = Group(*key, len(values), interval.mean, interval.low, interval.high, None, None, None, adjusted)
    if test is None:
        return group
    return replace(group, behind=test.mean, behind_low=test.low, behind_high=test.high)
