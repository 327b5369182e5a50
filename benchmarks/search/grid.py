"""The networks of a table: every depth, every width of a few, every activation; numbered, so that rows can be found."""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.architecture import ActivationName, Architecture, Dense
from core.dataset import Dataset
from evolution.space import SearchSpace

WIDTHS = (4, 8, 16, 32, 64, 128, 256)
ACTIVATIONS: tuple[ActivationName, ...] = ("relu", "tanh")


@dataclass(frozen=True)
class Grid:
    """All networks of depth 0 to `max_depth` whose layers have one of these widths, and all one activation.

    Without hidden layers there is nothing to activate, so that is one network: with the defaults 5,601 in all.
    """

    input_shape: tuple[int, ...]
    outputs: int
    max_depth: int = 4
    widths: tuple[int, ...] = WIDTHS
    activations: tuple[ActivationName, ...] = ACTIVATIONS

    @classmethod
    def of(cls, dataset: Dataset) -> "Grid":
        """Return the grid of full size for a data set."""
        return cls(dataset.input_shape, dataset.outputs)

    @cached_property
    def architectures(self) -> tuple[Architecture, ...]:
        """Every network by its index: depth by depth, then by activation, then by widths, the last fastest."""
        found = [Architecture(self.input_shape, (), self.outputs)]
        for depth in range(1, self.max_depth + 1):
            for activation in self.activations:
                for widths in itertools.product(self.widths, repeat=depth):
                    layers = tuple(Dense(units, activation) for units in widths)
                    found.append(Architecture(self.input_shape, layers, self.outputs))
        return tuple(found)

    def __len__(self) -> int:
        kinds = len(self.activations)
        return 1 + sum(kinds * int(len(self.widths) ** depth) for depth in range(1, self.max_depth + 1))

    @cached_property
    def space(self) -> SearchSpace:
        """The product's own space with these bounds, which holds every whole width between them."""
        return SearchSpace(
            self.input_shape,
            self.outputs,
            max_layers=self.max_depth,
            min_units=min(self.widths),
            max_units=max(self.widths),
            activations=self.activations,
        )

    def index(self, architecture: Architecture) -> int:
        """Return the network's index; each width is taken for the nearest of the grid on a logarithmic scale.

        Raises ValueError for a network whose depth, activation, input or output the grid does not have.
        """
        if (
            architecture.input_shape != self.input_shape
            or architecture.outputs != self.outputs
            or not architecture.is_dense
            or architecture.depth > self.max_depth
            or len(set(architecture.activations)) > 1
            or not set(architecture.activations) <= set(self.activations)
        ):
            raise ValueError(f"{architecture.describe()} has no place in the grid")
        if not architecture.layers:
            return 0
        kinds, count, depth = len(self.activations), len(self.widths), architecture.depth
        block = 1 + sum(kinds * int(count**below) for below in range(1, depth))
        block += self.activations.index(architecture.activations[0]) * int(count**depth)
        place = 0
        for units in architecture.widths:
            place = place * count + self._nearest(units)
        return block + place

    def _nearest(self, units: int) -> int:
        logarithm = math.log(units)
        return min(range(len(self.widths)), key=lambda place: abs(math.log(self.widths[place]) - logarithm))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, from which the networks follow."""
        return {
            "input_shape": list(self.input_shape),
            "outputs": self.outputs,
            "max_depth": self.max_depth,
            "widths": list(self.widths),
            "activations": list(self.activations),
        }
