"""What can be changed of a job after it was submitted."""

from typing import Annotated, Any, Self

from pydantic import model_validator

from service.api.job_responses import JobResponse
from service.budget_spec import BudgetChange
from service.fields import Disagreement, StrictModel, Switch, Text
from service.job_request import Labels, Notes


class JobChange(StrictModel):
    """A change of a job; what is left out stays as it is."""

    name: Annotated[str, Text(200)] | None = None
    labels: Labels | None = None
    notes: Notes | None = None
    archived: Annotated[bool, Switch()] | None = None
    budget: BudgetChange | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_what_can_be_changed(cls, given: Any) -> Any:
        if isinstance(given, dict):
            can_be = ", ".join(cls.model_fields)
            fixed = [name for name in given if name in JobResponse.model_fields and name not in cls.model_fields]
            if fixed:
                raise Disagreement.between(
                    *((f"/{name}", f"is read-only; what can be changed is {can_be}") for name in fixed)
                )
            if not given:
                raise Disagreement.between(("", f"must name what is to be changed: {can_be}"))
        return given

    @model_validator(mode="after")
    def _of_values(self) -> Self:
        empty = [name for name in sorted(self.model_fields_set) if getattr(self, name) is None]
        if empty:
            raise Disagreement.between(*((f"/{name}", "must not be null; leave it out to keep it") for name in empty))
        return self

    def details(self) -> dict[str, Any]:
        """Return those of the name, labels, notes and `archived` that are given."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"budget"}}
