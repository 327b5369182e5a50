"""The part of a training that a search may vary with the network: learning rate, batch size, optimizer, weight decay.

A recipe travels inside the candidate's TrainingConfig. `apply_recipe` writes it there and `recipe_of` reads it back, so
that whoever trains, stores or resumes need not know whether it was searched.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import numpy as np

from core.errors import InvalidTrainingConfig
from core.optimizer import OPTIMIZERS, OptimizerName
from core.training import TrainingConfig
from evolution.errors import InvalidSpace

MUTATION_SPREAD = 0.2
"""Standard deviation of a mutated learning rate, as a share of the logarithmic range."""

Gene = TypeVar("Gene")
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained, as far as a search may vary it; the fields mean what they mean in TrainingConfig."""

    learning_rate: float
    batch_size: int
    optimizer: OptimizerName
    weight_decay: float


def apply_recipe(training: TrainingConfig, recipe: Recipe) -> TrainingConfig:
    """Return the training with this recipe in it; raises InvalidTrainingConfig."""
    return replace(
        training,
        learning_rate=recipe.learning_rate,
        batch_size=recipe.batch_size,
        optimizer=recipe.optimizer,
        weight_decay=recipe.weight_decay,
    )


def recipe_of(training: TrainingConfig) -> Recipe:
    """Return the recipe in a training."""
    return Recipe(training.learning_rate, training.batch_size, training.optimizer, training.weight_decay)


@dataclass(frozen=True, slots=True)
class RecipeSpace:
    """The recipes of a search: a range of learning rates, and choices of the rest; raises InvalidSpace."""

    min_learning_rate: float = 0.001
    max_learning_rate: float = 0.05
    batch_sizes: tuple[int, ...] = (16, 32, 64, 128)
    optimizers: tuple[OptimizerName, ...] = ("adam", "adamw")
    weight_decays: tuple[float, ...] = (0.0, 0.0001, 0.001, 0.01)

    def __post_init__(self) -> None:
        # NaN fails the comparison, so it is refused as well.
        if not 0 < self.min_learning_rate <= self.max_learning_rate:
            raise InvalidSpace(
                "min_learning_rate must lie above 0 and at most at max_learning_rate, got "
                f"min_learning_rate={self.min_learning_rate}, max_learning_rate={self.max_learning_rate}"
            )
        for name in ("batch_sizes", "optimizers", "weight_decays"):
            choices = getattr(self, name)
            if not choices or len(set(choices)) != len(choices):
                raise InvalidSpace(f"{name} must hold different values, at least one; got {choices}")
        unknown = [name for name in self.optimizers if name not in OPTIMIZERS]
        if unknown:
            raise InvalidSpace(f"optimizers must be names out of {', '.join(OPTIMIZERS)}; got {self.optimizers}")
        plain = Recipe(1.0, 1, self.optimizers[0], 0.0)
        limits = [("max_learning_rate", replace(plain, learning_rate=self.max_learning_rate))]
        limits += [("batch_sizes", replace(plain, batch_size=rows)) for rows in self.batch_sizes]
        limits += [("weight_decays", replace(plain, weight_decay=decay)) for decay in self.weight_decays]
        for name, recipe in limits:
            try:
                # The training knows the limits of what can be trained.
                apply_recipe(TrainingConfig(), recipe)
            except InvalidTrainingConfig as error:
                raise InvalidSpace(f"{name}: {error}") from error

    def contains(self, recipe: Recipe) -> bool:
        """Say whether a search over this space may propose the recipe."""
        return (
            self.min_learning_rate <= recipe.learning_rate <= self.max_learning_rate
            and recipe.batch_size in self.batch_sizes
            and recipe.optimizer in self.optimizers
            and recipe.weight_decay in self.weight_decays
        )

    def choices(self) -> int:
        """Count the combinations of batch size, optimizer and weight decay; each goes with any learning rate."""
        return len(self.batch_sizes) * len(self.optimizers) * len(self.weight_decays)

    def corners(self) -> list[Recipe]:
        """List the combinations that `choices` counts, each with the smallest learning rate."""
        combinations = product(self.batch_sizes, self.optimizers, self.weight_decays)
        return [Recipe(self.min_learning_rate, rows, name, decay) for rows, name, decay in combinations]

    def sample(self, rng: np.random.Generator) -> Recipe:
        """Draw a recipe: the learning rate evenly on a logarithmic scale, the rest evenly among its choices."""
        low, high = math.log(self.min_learning_rate), math.log(self.max_learning_rate)
        return Recipe(
            self._clip(math.exp(rng.uniform(low, high))),
            _any(self.batch_sizes, rng),
            _any(self.optimizers, rng),
            _any(self.weight_decays, rng),
        )

    def mutate(self, recipe: Recipe, rng: np.random.Generator) -> Recipe:
        """Change one gene: the learning rate by a factor, batch size and weight decay by one choice, or the optimizer.

        The recipe comes back unchanged where the space holds no other.
        """
        changes = []
        if self.min_learning_rate < self.max_learning_rate:
            changes.append("learning_rate")
        changes += [
            gene
            for gene, choices in (
                ("batch_size", self.batch_sizes),
                ("optimizer", self.optimizers),
                ("weight_decay", self.weight_decays),
            )
            if len(choices) > 1
        ]
        if not changes:
            return recipe
        match _any(changes, rng):
            case "learning_rate":
                spread = MUTATION_SPREAD * math.log(self.max_learning_rate / self.min_learning_rate)
                rate = self._clip(recipe.learning_rate * math.exp(spread * rng.standard_normal()))
                return replace(recipe, learning_rate=rate)
            case "batch_size":
                return replace(recipe, batch_size=_neighbor(recipe.batch_size, self.batch_sizes, rng))
            case "weight_decay":
                return replace(recipe, weight_decay=_neighbor(recipe.weight_decay, self.weight_decays, rng))
            case _:
                others = [name for name in self.optimizers if name != recipe.optimizer]
                return replace(recipe, optimizer=_any(others, rng))

    def cross(self, mother: Recipe, father: Recipe, rng: np.random.Generator) -> Recipe:
        """Return a child with every gene from either parent."""
        parents = (mother, father)
        return Recipe(
            _any(parents, rng).learning_rate,
            _any(parents, rng).batch_size,
            _any(parents, rng).optimizer,
            _any(parents, rng).weight_decay,
        )

    def fit(self, recipe: Recipe) -> Recipe:
        """Return the nearest recipe of the space: a search begins with the plain one where that lies outside."""
        return Recipe(
            self._clip(recipe.learning_rate),
            min(self.batch_sizes, key=lambda rows: (abs(math.log(rows / recipe.batch_size)), rows)),
            recipe.optimizer if recipe.optimizer in self.optimizers else self.optimizers[0],
            min(self.weight_decays, key=lambda decay: (abs(decay - recipe.weight_decay), decay)),
        )

    def describe(self) -> str:
        """Say it in one sentence."""
        return (
            f"learning rate from {self.min_learning_rate:g} to {self.max_learning_rate:g}, "
            f"batch size {one_of(self.batch_sizes)}, {one_of(self.optimizers)}, "
            f"weight decay {one_of(self.weight_decays)}"
        )

    def _clip(self, rate: float) -> float:
        return min(max(rate, self.min_learning_rate), self.max_learning_rate)


def _any(choices: Sequence[Gene], rng: np.random.Generator) -> Gene:
    return choices[int(rng.integers(len(choices)))]


def _neighbor(value: Number, choices: Sequence[Number], rng: np.random.Generator) -> Number:
    """Return the next smaller or the next larger one of at least two choices, which need not hold the value itself."""
    below = max((choice for choice in choices if choice < value), default=None)
    above = min((choice for choice in choices if choice > value), default=None)
    return _any([choice for choice in (below, above) if choice is not None], rng)


def one_of(choices: Sequence[object]) -> str:
    """List choices as a person would: "16, 32 or 64"."""
    names = [f"{choice:g}" if isinstance(choice, float) else str(choice) for choice in choices]
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
