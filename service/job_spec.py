"""What a user asks for: the JSON body of `POST /v1/jobs`, stored with the job exactly as it was accepted.

Fields are checked one by one first, then against each other, and, once the data set is known, against the limits of one
search (`JobSpec.refusals`): a spec that could never be run is refused before it is queued, not after an hour.
"""

from dataclasses import replace
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from core.metrics import METRICS_OF, MetricName
from core.optimizer import OptimizerName
from core.schedule import ScheduleName
from core.training import TrainingConfig
from core.training_config import RegressionLoss
from evolution.objectives import CostName, ObjectiveName
from evolution.search import StrategyName
from evolution.space import SearchSpace
from evolution.stopping import StoppingRule
from service.budget_spec import MOST_EVALUATIONS, BudgetSpec
from service.errors import FieldError
from service.fields import Disagreement, Distinct, Exactly, Number, StrictModel, Switch, Text, Whole
from service.limits_spec import LimitsSpec
from service.space_spec import SpaceSpec

MAX_WORK: Final = 2**62
"""FLOPs of a whole job; the columns and the virtual clock that add them up are signed 64-bit."""

FINAL_ARMS: Final = 7
"""Networks that the verdict trains anew per seed: at most three that a search found, and four references."""


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
    clip_norm: Annotated[
        Annotated[float, Number(minimum=1e-6, maximum=1e6)] | None,
        Field(description="The largest Euclidean norm of the mean gradient that a step may use"),
    ] = None
    label_smoothing: Annotated[
        float,
        Number(minimum=0, below=1),
        Field(description="The share of each target that is spread over all classes"),
    ] = 0.0
    class_weights: Annotated[
        Literal["balanced"] | None,
        Field(description="balanced: rows of rare classes weigh more in training, as much as their classes are rarer"),
    ] = None
    regression_loss: Annotated[
        RegressionLoss | None,
        Field(description="For regression: squared_error (the default), or huber, which minds outliers less"),
    ] = None
    huber_delta: Annotated[
        Annotated[float, Number(minimum=1e-6, maximum=1e6)] | None,
        Field(description="Where Huber's loss turns linear, in deviations of the target; 1 by default"),
    ] = None


class StoppingSpec(StrictModel):
    """When more is not worth it: the search ends before its budget is spent."""

    improvement: Annotated[
        float,
        Number(above=0, maximum=1),
        Field(description="Each of the last networks was expected to improve the score by less than this"),
    ] = 0.0005
    patience: Annotated[int, Whole(1, 10_000), Field(description="How many such networks in a row it takes")] = 20


class FinalSpec(StrictModel):
    """How the finalists of each search are chosen and trained again; the verdict's networks get the same recipe."""

    finalists: Annotated[int, Whole(1, 20), Field(description="Networks of each search that are trained again")] = 5
    seeds: Annotated[int, Whole(2, 32), Field(description="Fresh seeds per finalist")] = 4
    epochs: Annotated[
        Annotated[int, Whole(1, 20_000)] | None,
        Field(description="How long finalists and the verdict's networks train; null is twice training.epochs"),
    ] = None


class VerdictSpec(StrictModel):
    """How the winner is compared with its rivals."""

    seeds: Annotated[int, Whole(5, 50)] = 5
    rivals: Annotated[
        bool,
        Switch(),
        Field(
            description="Whether scikit-learn's MLP, random forest and SVC (or SVR) take part, where it is installed"
        ),
    ] = True


def default_name(fields: dict[str, Any]) -> str:
    """Return the name of a job that was given none."""
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
    name: Annotated[str, Text(200)] = Field(default_factory=default_name)
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 0
    budget: BudgetSpec = BudgetSpec()
    parallelism: Annotated[int, Whole(1, 10_000)] = 4
    replicates: Annotated[
        int,
        Whole(1, 32),
        Field(description="Networks that are trained per candidate; its fitness is the mean over them"),
    ] = 1
    ladder: Annotated[
        bool,
        Switch(),
        Field(
            description="Whether new networks may be trained a third of the epochs first, where the budget counts "
            "epochs and the usual designs show that short trainings tell the long ones"
        ),
    ] = True
    metric: Annotated[
        MetricName | None,
        Field(
            description="What the score is: accuracy (the default) or balanced_accuracy for classification, r2 for "
            "regression"
        ),
    ] = None
    stopping: StoppingSpec | None = None
    space: SpaceSpec = SpaceSpec()
    training: TrainingSpec = TrainingSpec()
    final: FinalSpec = FinalSpec()
    verdict: VerdictSpec = VerdictSpec()
    limits: LimitsSpec = LimitsSpec()

    @model_validator(mode="after")
    def _agreeing(self) -> Self:
        if self.objectives[0] != "score":
            raise Disagreement.between(("/objectives/0", "must be 'score'; the cost comes second"))
        if self.training.huber_delta is not None and self.training.regression_loss != "huber":
            raise Disagreement.between(
                ("/training/huber_delta", "is for the regression_loss huber; leave it out otherwise"),
                ("/training/regression_loss", "must be huber where huber_delta is given"),
            )
        if self.strategy == "regularized" and self.cost is not None:
            raise Disagreement.between(
                ("/strategy", "regularized knows the score alone; with two objectives take evolution, nsga2 or random"),
                ("/objectives", "must be the score alone with the strategy regularized"),
            )
        if self.stopping is not None and (self.strategy != "evolution" or self.cost is not None):
            raise Disagreement.between(
                (
                    "/stopping",
                    "needs the strategy evolution and the score as the only objective; leave it out otherwise",
                ),
                ("/strategy" if self.cost is None else "/objectives", "does not go together with stopping"),
            )
        return self

    @property
    def cost(self) -> CostName | None:
        """The second objective, where there is one."""
        return next((objective for objective in self.objectives if objective != "score"), None)

    def search_space(self, input_shape: tuple[int, ...], outputs: int) -> SearchSpace:
        """Return the space of networks for data of this shape."""
        return self.space.search_space(input_shape, outputs)

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
            clip_norm=training.clip_norm,
            label_smoothing=training.label_smoothing,
            class_weights=training.class_weights,
            regression_loss=training.regression_loss or "squared_error",
            huber_delta=1.0 if training.huber_delta is None else training.huber_delta,
            # A task's own metric is not named, so that what is stored does not depend on who filled it in.
            metric=self.metric if self.metric == "balanced_accuracy" else None,
        )

    def stopping_rule(self) -> StoppingRule | None:
        """Return when the search ends early; None where it does not."""
        return None if self.stopping is None else StoppingRule(self.stopping.improvement, self.stopping.patience)

    def final_training_config(self) -> TrainingConfig:
        """Return the recipe of finalists and verdict: longer than the search's, with a rate that falls."""
        training = self.training_config()
        return replace(
            training,
            epochs=self.final.epochs or 2 * training.epochs,
            # The other schedules fall by themselves.
            schedule="cosine" if training.schedule == "constant" else training.schedule,
        )

    def for_task(self, task: str) -> Self:
        """Return the spec with the task's own metric filled in where it names none."""
        return self if self.metric is not None else self.model_copy(update={"metric": METRICS_OF[task][0]})

    def refusals(
        self, input_shape: tuple[int, ...], outputs: int, rows: int, task: str = "classification"
    ) -> list[FieldError]:
        """Return what keeps this spec from being run on data of this task and shape with `rows` training rows."""
        refused = self._refusals_of_task(task) + self.space.refusals(input_shape, outputs)
        if refused:
            return refused
        planned = self.replicates * self.training.epochs
        longest = MOST_EVALUATIONS * planned
        if self.budget.epochs is not None and self.budget.epochs > longest:
            limit = f"at most {MOST_EVALUATIONS:,} candidates can be trained, which take {longest:,} epochs"
            return [
                FieldError("/budget/epochs", f"{limit}; lower it"),
                FieldError("/training/epochs", f"{limit}; raise it"),
            ]
        # Both searches, their finalists, and every final training, at the price of the dearest network.
        finalists = min(self.final.finalists, self.budget.most_candidates())
        again = 2 * finalists * self.final.seeds + FINAL_ARMS * self.verdict.seeds
        epochs = 2 * self.budget.most_epochs(planned) + again * self.final_training_config().epochs
        work = self.space.dearest_sample(input_shape, outputs) * rows * epochs
        if work <= MAX_WORK:
            return []
        excess = f"up to {work:.1e} FLOPs of training are predicted, the limit is {MAX_WORK:.1e}"
        fields = [f"/budget/{self.budget.unit}", "/training/epochs", "/space/max_layers", "/space/max_units"]
        if self.space.max_blocks:
            fields += ["/space/max_blocks", "/space/max_channels"]
        names = ["the budget", *(field.rpartition("/")[2] for field in fields[1:])]
        way_out = f"lower one of {', '.join(names[:-1])} and {names[-1]}"
        return [FieldError(field, f"{excess}; {way_out}") for field in fields]

    def _refusals_of_task(self, task: str) -> list[FieldError]:
        training = self.training
        refused = []
        if self.metric is not None and self.metric not in METRICS_OF[task]:
            known = " or ".join(METRICS_OF[task])
            refused.append(FieldError("/metric", f"must be {known}, since the data set is for {task}"))
        foreign = (
            {"label_smoothing": training.label_smoothing != 0, "class_weights": training.class_weights is not None}
            if task == "regression"
            else {
                "regression_loss": training.regression_loss is not None,
                "huber_delta": training.huber_delta is not None,
            }
        )
        other = "classification" if task == "regression" else "regression"
        refused += [
            FieldError(f"/training/{name}", f"is for {other}; leave it out, since the data set is for {task}")
            for name, given in foreign.items()
            if given
        ]
        return refused
