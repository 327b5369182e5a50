"""The body of `POST /v1/jobs`: a job spec, and beside it what changes nothing about the result and is no part of it."""

from typing import Annotated, Any

from pydantic import Field

from service.fields import Whole
from service.job_spec import JobSpec

LEAST_PRIORITY, HIGHEST_PRIORITY = -10, 10

Priority = Annotated[
    int,
    Whole(LEAST_PRIORITY, HIGHEST_PRIORITY),
    Field(description="Of your jobs that wait, those with a higher one begin first"),
]


class JobRequest(JobSpec):
    """A search to run, and how it is to be queued."""

    priority: Priority = 0

    def spec(self) -> dict[str, Any]:
        """Return the job spec as it is stored."""
        return self.model_dump(mode="json", include=set(JobSpec.model_fields))
