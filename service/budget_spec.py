"""How much work a search may spend, as a part of the job spec, and how a budget is raised while the search runs.

Work is counted in evaluations or in training epochs, which mean the same on every machine. The budget only says when a
search ends, never what it proposes, so a search whose budget is raised on the way goes on as if it had been asked for
so much from the start.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from evolution.search import Budget
from service.errors import FieldError
from service.fields import Disagreement, StrictModel, Whole

DEFAULT_EVALUATIONS: Final = 64
MOST_EVALUATIONS: Final = 100_000
MOST_EPOCHS: Final = 1_000_000_000
MOST_SECONDS: Final = 31_536_000
"""A year."""

Evaluations = Annotated[int, Whole(1, MOST_EVALUATIONS)]
Epochs = Annotated[int, Whole(1, MOST_EPOCHS)]
Seconds = Annotated[int, Whole(1, MOST_SECONDS)]

BudgetUnit = Literal["evaluations", "epochs"]


class BudgetSpec(StrictModel):
    """How much work the search may spend: evaluations or epochs, and on the clock beside them if that is wanted."""

    evaluations: Annotated[
        Evaluations | None,
        Field(description=f"Networks to train; {DEFAULT_EVALUATIONS} where neither these nor epochs are given"),
    ] = None
    epochs: Annotated[Epochs | None, Field(description="Training epochs, in the place of evaluations")] = None
    max_seconds: Annotated[
        Seconds | None,
        Field(description="Seconds of running after which the search begins nothing new; how far it came is stored"),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _with_default(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("evaluations") is None and given.get("epochs") is None:
            return {**given, "evaluations": DEFAULT_EVALUATIONS}
        return given

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.evaluations is not None and self.epochs is not None:
            raise Disagreement.between(
                ("/evaluations", "cannot be given together with epochs; give one of them"),
                ("/epochs", "cannot be given together with evaluations; give one of them"),
            )
        return self

    @property
    def unit(self) -> BudgetUnit:
        """What the work is counted in."""
        return "epochs" if self.evaluations is None else "evaluations"

    @property
    def amount(self) -> int:
        """How much work, in `unit`."""
        amount = self.epochs if self.evaluations is None else self.evaluations
        if amount is None:
            raise ValueError("a budget has evaluations or epochs")
        return amount

    def work(self) -> Budget:
        """Return the budget as a search takes it; the limit in seconds is for whoever runs the search."""
        return Budget(evaluations=self.evaluations, epochs=self.epochs)

    def most_candidates(self) -> int:
        """Return how many candidates the search can have at most: trainings that fail at once count as an epoch."""
        return self.amount

    def most_epochs(self, per_candidate: int) -> int:
        """Return how many epochs the search can take at most, with so many planned per candidate."""
        if self.evaluations is not None:
            return self.evaluations * per_candidate
        # The last candidate begins while less than the budget is spent.
        return self.amount + per_candidate - 1

    def raised(self, change: "BudgetChange") -> "BudgetSpec | list[FieldError]":
        """Return the budget with the change made to it, or what keeps it from being made.

        The work never shrinks. A limit in seconds may be raised, taken away, or set where there was none.
        """
        errors: list[FieldError] = []
        for name in sorted(change.model_fields_set):
            before, after = getattr(self, name), getattr(change, name)
            if name != "max_seconds" and before is None:
                errors.append(
                    FieldError(
                        f"/budget/{name}", f"cannot be set: this job counts its budget in {self.unit}; raise those"
                    )
                )
            elif after is None and name != "max_seconds":
                errors.append(FieldError(f"/budget/{name}", f"must be a whole number of at least {before:,}"))
            elif after is not None and before is not None and after < before:
                errors.append(FieldError(f"/budget/{name}", f"must be at least {before:,}, which it is now"))
        if not change.model_fields_set:
            errors.append(FieldError("/budget", f"must name {self.unit} or max_seconds"))
        return errors or self.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})


class BudgetChange(StrictModel):
    """A larger budget for a job; what is left out stays as it is, and `max_seconds: null` takes that limit away."""

    evaluations: Evaluations | None = None
    epochs: Epochs | None = None
    max_seconds: Seconds | None = None
