"""How much may go wrong in a search, and how much one training may take, as a part of the job spec."""

import math
from typing import Annotated, Final

from pydantic import Field

from evolution.limits import Limits
from service.budget_spec import MOST_EVALUATIONS, MOST_SECONDS, BudgetSpec
from service.fields import Number, StrictModel, Whole

LEAST_FAILURES: Final = 10
"""So many trainings may always fail by default: the first ones may be unlucky."""

LEAST_MEMORY: Final = 1_000_000
MOST_MEMORY: Final = 2**50


class LimitsSpec(StrictModel):
    """What ends a search whose trainings fail, and a training that takes too much."""

    failures: Annotated[
        Annotated[int, Whole(0, MOST_EVALUATIONS)] | None,
        Field(
            description=(
                "Trainings of the search that may fail; one more ends the job as failed. null is half of those that "
                f"the budget is for, and at least {LEAST_FAILURES}"
            )
        ),
    ] = None
    seconds: Annotated[
        Annotated[float, Number(minimum=0.1, maximum=MOST_SECONDS)] | None,
        Field(
            description=(
                "Wall time of one training; finalists, which train longer, get more in proportion. Makes the result "
                "depend on the machine"
            )
        ),
    ] = None
    memory_bytes: Annotated[
        Annotated[int, Whole(LEAST_MEMORY, MOST_MEMORY)] | None,
        Field(description="Memory that one training may take beside the data, told before it begins"),
    ] = None

    def of_trainings(self, epochs: int) -> Limits:
        """Return the limits of single trainings; those of the search take `epochs` epochs."""
        return Limits(self.seconds, self.memory_bytes, epochs)

    def most_failures(self, budget: BudgetSpec, per_candidate: int) -> int:
        """Return how many trainings of a search may fail within a budget, with so many epochs per candidate."""
        if self.failures is not None:
            return self.failures
        trainings = budget.amount if budget.unit == "evaluations" else math.ceil(budget.amount / per_candidate)
        return max(LEAST_FAILURES, trainings // 2)
