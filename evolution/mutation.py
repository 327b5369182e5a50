"""Small changes to a network's structure, as pure functions.

Each takes an architecture, the space and a generator, and returns an architecture within the space's bounds on depth
and widths; the limit on parameters is the caller's to check. Where a change does not apply (nothing to remove,
already as wide as allowed) the architecture comes back unchanged, so that the caller can draw another one.

The set follows the operators of evolutionary architecture search (Real et al., "Large-Scale Evolution of Image
Classifiers", ICML 2017, section 3.2), without the inheritance of weights, which misleads the ranking of short
trainings.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np

from core.architecture import ActivationName, Architecture
from evolution.space import SearchSpace

WIDEN_FACTORS = (1.25, 2.0, 4.0)
WIDEN_CHANCES = (0.25, 0.5, 0.25)


class Mutation(Protocol):
    """A change of structure: the same architecture, space and generator state give the same result."""

    def __call__(self, architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
        """Return the changed architecture, or the same one where the change does not apply."""
        ...


def insert(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Insert a layer at any place, as wide as one of its neighbors (any width where it has none)."""
    if architecture.depth >= space.max_layers:
        return architecture
    widths = architecture.widths
    place = int(rng.integers(len(widths) + 1))
    neighbors = widths[max(place - 1, 0) : place + 1]
    units = neighbors[int(rng.integers(len(neighbors)))] if neighbors else space.sample_units(rng)
    return space.build(_activation(architecture, space, rng), (*widths[:place], units, *widths[place:]))


def remove(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Remove one layer."""
    if architecture.depth <= space.min_layers:
        return architecture
    place = int(rng.integers(architecture.depth))
    widths = architecture.widths
    return space.build(architecture.activations[0], widths[:place] + widths[place + 1 :])


def duplicate(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Put a copy of a layer behind it."""
    if not 0 < architecture.depth < space.max_layers:
        return architecture
    place = int(rng.integers(architecture.depth))
    widths = architecture.widths
    return space.build(architecture.activations[0], widths[: place + 1] + widths[place:])


def widen(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Make one layer wider: mostly twice, sometimes four times or a quarter more."""
    return _scale(architecture, space, rng, float(rng.choice(WIDEN_FACTORS, p=WIDEN_CHANCES)))


def narrow(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Make one layer narrower by one of the factors by which `widen` makes it wider."""
    return _scale(architecture, space, rng, 1 / float(rng.choice(WIDEN_FACTORS, p=WIDEN_CHANCES)))


def swap(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Exchange the widths of two layers."""
    if architecture.depth < 2:
        return architecture
    one, other = (int(place) for place in rng.choice(architecture.depth, size=2, replace=False))
    widths = list(architecture.widths)
    widths[one], widths[other] = widths[other], widths[one]
    return space.build(architecture.activations[0], tuple(widths))


def jump(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give one layer any width."""
    if not architecture.layers:
        return architecture
    place = int(rng.integers(architecture.depth))
    return _with_units(architecture, space, place, space.sample_units(rng))


def change_activation(architecture: Architecture, space: SearchSpace, *, rng: np.random.Generator) -> Architecture:
    """Give all layers another activation."""
    if not architecture.layers:
        return architecture
    others = [name for name in space.activations if name != architecture.activations[0]]
    if not others:
        return architecture
    return space.build(others[int(rng.integers(len(others)))], architecture.widths)


MUTATIONS: Mapping[str, Mutation] = MappingProxyType(
    {
        "insert": insert,
        "remove": remove,
        "duplicate": duplicate,
        "widen": widen,
        "narrow": narrow,
        "swap": swap,
        "jump": jump,
        "activation": change_activation,
    }
)
"""The operators by the name that `Candidate.operator` records."""


def _scale(architecture: Architecture, space: SearchSpace, rng: np.random.Generator, factor: float) -> Architecture:
    if not architecture.layers:
        return architecture
    place = int(rng.integers(architecture.depth))
    units = architecture.widths[place]
    # At least one unit of change: rounding must not turn a small layer's change into none.
    scaled = max(units * factor, units + 1) if factor > 1 else min(units * factor, units - 1)
    return _with_units(architecture, space, place, space.clip(scaled))


def _with_units(architecture: Architecture, space: SearchSpace, place: int, units: int) -> Architecture:
    widths = architecture.widths
    return space.build(architecture.activations[0], (*widths[:place], units, *widths[place + 1 :]))


def _activation(architecture: Architecture, space: SearchSpace, rng: np.random.Generator) -> ActivationName:
    """Return the network's activation; logistic regression has none, so its first layer gets a random one."""
    if architecture.layers:
        return architecture.activations[0]
    return space.activations[int(rng.integers(len(space.activations)))]
