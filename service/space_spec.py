"""The part of a job spec that says which networks the search may choose among, and what it refuses."""

from math import prod
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from core.architecture import ActivationName
from core.layers import MIN_RATE
from core.optimizer import OptimizerName
from evolution.errors import EvolutionError
from evolution.genome import Block, Genome
from evolution.recipe import RecipeSpace
from evolution.space import SearchSpace
from service.errors import FieldError
from service.fields import Disagreement, Distinct, Number, Odd, StrictModel, Whole
from service.network_costs import NetworkCosts, network_costs

MAX_PARAMETERS: Final = 20_000_000
"""Parameters of the largest network that a search may train."""

BYTES_PER_PARAMETER: Final = 5 * 4
"""float32 for the value, its gradient, two moments of the optimizer, and the copy from the best epoch."""

_FLOPS_PER_USE: Final = 6
"""Operations of a training step for each parameter and place where it is used: forward, and two gradients, each a
multiplication and an addition."""


def _default_activations() -> list[ActivationName]:
    return ["relu", "tanh"]


def _default_optimizers() -> list[OptimizerName]:
    return ["adam", "adamw"]


class RecipeSpec(StrictModel):
    """The recipes among which the search may choose for each network."""

    min_learning_rate: Annotated[float, Number(above=0, maximum=10)] = 0.001
    max_learning_rate: Annotated[float, Number(above=0, maximum=10)] = 0.05
    batch_sizes: Annotated[list[Annotated[int, Whole(1, 65_536)]], Distinct(), Field(min_length=1, max_length=16)] = (
        Field(default_factory=lambda: [16, 32, 64, 128])
    )
    optimizers: Annotated[list[OptimizerName], Distinct(), Field(min_length=1, max_length=3)] = Field(
        default_factory=_default_optimizers
    )
    weight_decays: Annotated[
        list[Annotated[float, Number(minimum=0, maximum=1)]], Distinct(), Field(min_length=1, max_length=16)
    ] = Field(default_factory=lambda: [0.0, 0.0001, 0.001, 0.01])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _refuse_disorder(self, ("min_learning_rate", "max_learning_rate"))
        return self

    def recipe_space(self) -> RecipeSpace:
        """Return the recipes as the search takes them."""
        return RecipeSpace(
            min_learning_rate=self.min_learning_rate,
            max_learning_rate=self.max_learning_rate,
            batch_sizes=tuple(self.batch_sizes),
            optimizers=tuple(self.optimizers),
            weight_decays=tuple(self.weight_decays),
        )


class SpaceSpec(StrictModel):
    """The networks among which the search may choose."""

    min_layers: Annotated[int, Whole(0, 16)] = 0
    max_layers: Annotated[int, Whole(0, 16)] = 3
    min_units: Annotated[int, Whole(1, 4_096)] = 8
    max_units: Annotated[int, Whole(1, 4_096)] = 128
    activations: Annotated[list[ActivationName], Distinct(), Field(min_length=1, max_length=4)] = Field(
        default_factory=_default_activations
    )
    max_blocks: Annotated[int, Whole(0, 8), Field(description="Convolution blocks before the dense layers")] = 0
    min_channels: Annotated[int, Whole(1, 512)] = 4
    max_channels: Annotated[int, Whole(1, 512)] = 32
    kernels: Annotated[list[Annotated[int, Odd(1, 15)]], Distinct(), Field(min_length=1, max_length=8)] = Field(
        default_factory=lambda: [3]
    )
    dropout: Annotated[
        list[Annotated[float, Number(minimum=0, maximum=0.9)]],
        Distinct(),
        Field(min_length=1, max_length=16, description="Rates behind every dense layer to choose from; 0 is none"),
    ] = Field(default_factory=lambda: [0.0])
    max_parameters: Annotated[int, Whole(1, MAX_PARAMETERS)] | None = None
    max_inference_flops: (
        Annotated[int, Whole(1, 10**12), Field(description="Operations of one forward pass of one row")] | None
    ) = None
    recipe: Annotated[
        RecipeSpec | None, Field(description="Where given, learning rate and the like are searched as well")
    ] = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _refuse_disorder(
            self, ("min_layers", "max_layers"), ("min_units", "max_units"), ("min_channels", "max_channels")
        )
        return self

    @model_validator(mode="after")
    def _droppable(self) -> Self:
        errors = [
            (f"/dropout/{place}", f"must be 0 or a number of at least {MIN_RATE:g} and at most 0.9")
            for place, rate in enumerate(self.dropout)
            if 0 < rate < MIN_RATE
        ]
        if errors:
            raise Disagreement.between(*errors)
        return self

    def search_space(self, input_shape: tuple[int, ...], outputs: int) -> SearchSpace:
        """Return the space of networks for data of this shape; raises InvalidSpace."""
        return SearchSpace(
            input_shape=input_shape,
            outputs=outputs,
            min_layers=self.min_layers,
            max_layers=self.max_layers,
            min_units=self.min_units,
            max_units=self.max_units,
            activations=tuple(self.activations),
            max_parameters=self.max_parameters,
            max_inference_flops=self.max_inference_flops,
            max_blocks=self.max_blocks,
            min_channels=self.min_channels,
            max_channels=self.max_channels,
            kernels=tuple(self.kernels),
            dropout=tuple(self.dropout),
            recipe=None if self.recipe is None else self.recipe.recipe_space(),
        )

    def refusals(self, input_shape: tuple[int, ...], outputs: int) -> list[FieldError]:
        """Return what keeps this space from being searched on data of this shape."""
        if self.max_blocks and len(input_shape) not in (2, 3):
            detail = f"must be 0: a row of this data set has the shape {list(input_shape)} and is no image"
            return [FieldError("/space/max_blocks", detail)]
        refused = self._empty(self._smallest(input_shape, outputs))
        refused = refused or self._too_large(max(one.parameters for one in self._largest(input_shape, outputs)))
        if refused:
            return refused
        try:
            self.search_space(input_shape, outputs)
        except EvolutionError as error:
            return [FieldError("/space", str(error))]
        return []

    def dearest_sample(self, input_shape: tuple[int, ...], outputs: int) -> int:
        """Return the most FLOPs that one sample's share of a training step can cost, as an upper bound."""
        dearest = max(one.training_flops for one in self._largest(input_shape, outputs))
        if self.max_parameters is not None:
            # A parameter of a convolution is used at each place of the image, which blocks never enlarge.
            places = prod(input_shape[-2:]) if self.max_blocks else 1
            dearest = min(dearest, _FLOPS_PER_USE * places * self.max_parameters)
        if self.max_inference_flops is not None:
            dearest = min(dearest, _FLOPS_PER_USE // 2 * self.max_inference_flops)
        return dearest

    def _smallest(self, input_shape: tuple[int, ...], outputs: int) -> list[NetworkCosts]:
        block = Block(self.min_channels, min(self.kernels))
        return self._costs(self.min_units, block, input_shape, outputs)

    def _largest(self, input_shape: tuple[int, ...], outputs: int) -> list[NetworkCosts]:
        block = Block(self.max_channels, max(self.kernels))
        return self._costs(self.max_units, block, input_shape, outputs)

    def _costs(self, units: int, block: Block, input_shape: tuple[int, ...], outputs: int) -> list[NetworkCosts]:
        """Return what networks of these layers and blocks cost, one for each number of either."""
        return [
            network_costs(Genome(self.activations[0], (units,) * depth, (block,) * blocks), input_shape, outputs)
            for blocks in range(self.max_blocks + 1)
            for depth in range(self.min_layers, self.max_layers + 1)
        ]

    def _empty(self, smallest: list[NetworkCosts]) -> list[FieldError]:
        """Refuse limits that leave no network."""
        parameters, flops = self.max_parameters, self.max_inference_flops
        fewest, cheapest = min(one.parameters for one in smallest), min(one.inference_flops for one in smallest)
        errors = []
        if parameters is not None and fewest > parameters:
            what = "the parameters of the smallest network of the space on this data set"
            errors.append(FieldError("/space/max_parameters", f"must be at least {fewest:,}, {what}"))
        if flops is not None and cheapest > flops:
            what = "the FLOPs of the cheapest network of the space on this data set"
            errors.append(FieldError("/space/max_inference_flops", f"must be at least {cheapest:,}, {what}"))
        if errors or parameters is None or flops is None:
            return errors
        if any(one.parameters <= parameters and one.inference_flops <= flops for one in smallest):
            return []
        # Each leaves networks by itself: few parameters come from blocks, and few FLOPs from having none.
        together = "together with {} leaves no network of the space on this data set; raise either"
        return [
            FieldError("/space/max_parameters", together.format("max_inference_flops")),
            FieldError("/space/max_inference_flops", together.format("max_parameters")),
        ]

    def _too_large(self, most: int) -> list[FieldError]:
        """Refuse networks that have too many parameters to be trained."""
        # Each parameter is used at least once, in a multiplication and an addition.
        by_flops = None if self.max_inference_flops is None else self.max_inference_flops // 2
        limits = [limit for limit in (self.max_parameters, by_flops) if limit is not None]
        if min([most, *limits]) <= MAX_PARAMETERS:
            return []
        size = f"the largest network would have {most:,} parameters ({_bytes(most)} while it is trained)"
        limit = f"the limit is {MAX_PARAMETERS:,} ({_bytes(MAX_PARAMETERS)})"
        bounds = ["max_layers", "max_units", *(["max_channels"] if self.max_blocks else [])]
        way_out = f"lower {' or '.join(bounds)}, or set max_parameters"
        return [FieldError(f"/space/{bound}", f"{size}; {limit}; {way_out}") for bound in bounds]


def _refuse_disorder(spec: StrictModel, *pairs: tuple[str, str]) -> None:
    """Raise Disagreement where a lower bound is above its upper bound."""
    errors: list[tuple[str, str]] = []
    for low, high in pairs:
        least, most = getattr(spec, low), getattr(spec, high)
        if least > most:
            errors.append((f"/{low}", f"must be at most {high}, which is {_figure(most)}"))
            errors.append((f"/{high}", f"must be at least {low}, which is {_figure(least)}"))
    if errors:
        raise Disagreement.between(*errors)


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _bytes(parameters: int) -> str:
    size = parameters * BYTES_PER_PARAMETER
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
