"""What a user asks for: the JSON body of `POST /v1/jobs`, stored with the job exactly as it was accepted.

Fields are checked one by one first, then against each other, and, once the data set is known, against the limits of one
search (`JobSpec.refusals`): a spec that could never be run is refused before it is queued, not after an hour.
"""

from itertools import pairwise
from math import prod
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from core.architecture import ActivationName, Architecture, Dense
from core.optimizer import OptimizerName
from core.schedule import ScheduleName
from core.training import TrainingConfig, predicted_flops
from evolution.errors import EvolutionError
from evolution.objectives import CostName, ObjectiveName
from evolution.search import StrategyName
from evolution.space import SearchSpace
from service.budget_spec import MOST_EVALUATIONS, BudgetSpec
from service.errors import FieldError
from service.fields import Disagreement, Distinct, Exactly, Number, StrictModel, Text, Whole

MAX_PARAMETERS: Final = 20_000_000
"""Parameters of the largest network that a search may train."""

BYTES_PER_PARAMETER: Final = 5 * 4
"""float32 for the value, its gradient, two moments of the optimizer, and the copy from the best epoch."""

MAX_WORK: Final = 2**62
"""FLOPs of a whole job; the columns and the virtual clock that add them up are signed 64-bit."""

_REFERENCE_ARMS: Final = 5
"""Networks that the verdict trains anew per seed: the evolved one, its random rival, and three references."""


def _default_activations() -> list[ActivationName]:
    return ["relu", "tanh"]


class SpaceSpec(StrictModel):
    """The networks among which the search may choose."""

    min_layers: Annotated[int, Whole(0, 16)] = 0
    max_layers: Annotated[int, Whole(0, 16)] = 3
    min_units: Annotated[int, Whole(1, 4_096)] = 8
    max_units: Annotated[int, Whole(1, 4_096)] = 128
    activations: Annotated[list[ActivationName], Distinct(), Field(min_length=1, max_length=4)] = Field(
        default_factory=_default_activations
    )
    max_parameters: Annotated[int, Whole(1, MAX_PARAMETERS)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        errors: list[tuple[str, str]] = []
        for low, high in (("min_layers", "max_layers"), ("min_units", "max_units")):
            least, most = getattr(self, low), getattr(self, high)
            if least > most:
                errors.append((f"/{low}", f"must be at most {high}, which is {most:,}"))
                errors.append((f"/{high}", f"must be at least {low}, which is {least:,}"))
        if errors:
            raise Disagreement.between(*errors)
        return self


class TrainingSpec(StrictModel):
    """How each candidate is trained."""

    epochs: Annotated[int, Whole(1, 10_000)] = 8
    batch_size: Annotated[int, Whole(1, 65_536)] = 32
    optimizer: OptimizerName = "adam"
    learning_rate: Annotated[float, Number(above=0, maximum=10)] = 0.01
    schedule: ScheduleName = "one_cycle"
    momentum: Annotated[float, Number(minimum=0, below=1)] = 0.9
    weight_decay: Annotated[float, Number(minimum=0, maximum=1)] = 0.0
    patience: Annotated[int, Whole(1, 10_000)] | None = None


class VerdictSpec(StrictModel):
    """How the winner is compared with its rivals."""

    seeds: Annotated[int, Whole(5, 50)] = 5


def _default_name(fields: dict[str, Any]) -> str:
    return f"{fields['strategy']} on {fields['dataset']}"


def _default_objectives() -> list[ObjectiveName]:
    return ["score"]


class JobSpec(StrictModel):
    """A search to run; every field but `dataset` has a default."""

    format: Annotated[Literal[1], Exactly(1)] = 1
    dataset: Annotated[str, Text(200)]
    strategy: StrategyName = "evolution"
    objectives: Annotated[
        list[ObjectiveName],
        Distinct(),
        Field(
            min_length=1, max_length=2, description="The score, and a cost to keep small beside it if that is wanted"
        ),
    ] = Field(default_factory=_default_objectives)
    name: Annotated[str, Text(200)] = Field(default_factory=_default_name)
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 0
    budget: BudgetSpec = BudgetSpec()
    parallelism: Annotated[int, Whole(1, 10_000)] = 4
    replicates: Annotated[
        int,
        Whole(1, 32),
        Field(description="Networks that are trained per candidate; its fitness is the mean over them"),
    ] = 1
    space: SpaceSpec = SpaceSpec()
    training: TrainingSpec = TrainingSpec()
    verdict: VerdictSpec = VerdictSpec()

    @model_validator(mode="after")
    def _agreeing(self) -> Self:
        if self.objectives[0] != "score":
            raise Disagreement.between(("/objectives/0", "must be 'score'; the cost comes second"))
        if self.strategy == "regularized" and self.cost is not None:
            raise Disagreement.between(
                ("/strategy", "regularized knows the score alone; with two objectives take evolution, nsga2 or random"),
                ("/objectives", "must be the score alone with the strategy regularized"),
            )
        return self

    @property
    def cost(self) -> CostName | None:
        """The second objective, where there is one."""
        return next((objective for objective in self.objectives if objective != "score"), None)

    def search_space(self, input_shape: tuple[int, ...], outputs: int) -> SearchSpace:
        """Return the space of networks for data of this shape."""
        space = self.space
        return SearchSpace(
            input_shape=input_shape,
            outputs=outputs,
            min_layers=space.min_layers,
            max_layers=space.max_layers,
            min_units=space.min_units,
            max_units=space.max_units,
            activations=tuple(space.activations),
            max_parameters=space.max_parameters,
        )

    def training_config(self) -> TrainingConfig:
        """Return how each candidate is trained."""
        training = self.training
        return TrainingConfig(
            epochs=training.epochs,
            batch_size=training.batch_size,
            optimizer=training.optimizer,
            learning_rate=training.learning_rate,
            schedule=training.schedule,
            momentum=training.momentum,
            weight_decay=training.weight_decay,
            patience=training.patience,
        )

    def refusals(self, input_shape: tuple[int, ...], outputs: int, rows: int) -> list[FieldError]:
        """Return what keeps this spec from being run on data of this shape with `rows` training rows."""
        space = self.space
        # Counted here, not asked of an Architecture: one that is far too large could not be made at all.
        sizes = [
            _parameters(input_shape, (units,) * depth, outputs)
            for depth in range(space.min_layers, space.max_layers + 1)
            for units in (space.min_units, space.max_units)
        ]
        least, most = min(sizes), max(sizes)
        if space.max_parameters is not None and least > space.max_parameters:
            return [
                FieldError(
                    "/space/max_parameters",
                    f"must be at least {least:,}, the parameters of the smallest network of the space on this data set",
                )
            ]
        if space.max_parameters is None and most > MAX_PARAMETERS:
            size = f"the largest network would have {most:,} parameters ({_bytes(most)} while it is trained)"
            limit = f"the limit is {MAX_PARAMETERS:,} ({_bytes(MAX_PARAMETERS)})"
            way_out = "lower max_layers or max_units, or set max_parameters"
            return [
                FieldError(pointer, f"{size}; {limit}; {way_out}")
                for pointer in ("/space/max_layers", "/space/max_units")
            ]
        try:
            self.search_space(input_shape, outputs)
        except EvolutionError as error:
            return [FieldError("/space", str(error))]
        dearest = Architecture(input_shape, (Dense(space.max_units, space.activations[0]),) * space.max_layers, outputs)
        # Both searches, and every final training, at the price of the dearest network.
        planned = self.replicates * self.training.epochs
        longest = MOST_EVALUATIONS * planned
        if self.budget.epochs is not None and self.budget.epochs > longest:
            limit = f"at most {MOST_EVALUATIONS:,} candidates can be trained, which take {longest:,} epochs"
            return [
                FieldError("/budget/epochs", f"{limit}; lower it"),
                FieldError("/training/epochs", f"{limit}; raise it"),
            ]
        epochs = 2 * self.budget.most_epochs(planned)
        epochs += _REFERENCE_ARMS * self.verdict.seeds * self.training.epochs
        work = predicted_flops(dearest, rows, epochs)
        if space.max_parameters is not None and most > space.max_parameters:
            # A network's cost grows with its parameters, and no network of the space is larger than that.
            work = work * space.max_parameters // most
        if work > MAX_WORK:
            excess = f"up to {work:.1e} FLOPs of training are predicted, the limit is {MAX_WORK:.1e}"
            return [
                FieldError(pointer, f"{excess}; lower one of the budget, epochs, max_layers and max_units")
                for pointer in (
                    f"/budget/{self.budget.unit}",
                    "/training/epochs",
                    "/space/max_layers",
                    "/space/max_units",
                )
            ]
        return []


def _parameters(input_shape: tuple[int, ...], widths: tuple[int, ...], outputs: int) -> int:
    sizes = (prod(input_shape), *widths, outputs)
    return sum((before + 1) * after for before, after in pairwise(sizes))


def _bytes(parameters: int) -> str:
    size = parameters * BYTES_PER_PARAMETER
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
