"""The body of `POST /v1/jobs`: a job spec, and beside it what changes nothing about the result and is no part of it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.fields import Distinct, Prose, StrictModel, Text, Whole
from service.job_spec import JobSpec
from service.webhooks.address import LONGEST_URL

LEAST_PRIORITY, HIGHEST_PRIORITY = -10, 10
MOST_LABELS = 20
LONGEST_LABEL = 60
LONGEST_NOTES = 10_000

Priority = Annotated[
    int,
    Whole(LEAST_PRIORITY, HIGHEST_PRIORITY),
    Field(description="Of your jobs that wait, those with a higher one begin first"),
]

Labels = Annotated[list[Annotated[str, Text(LONGEST_LABEL)]], Distinct(), Field(max_length=MOST_LABELS)]
Notes = Annotated[str, Prose(LONGEST_NOTES)]

WebhookEvent = Literal["running", "paused", "succeeded", "failed", "cancelled"]


def _ends() -> list[WebhookEvent]:
    return ["succeeded", "failed", "cancelled"]


class WebhookSpec(StrictModel):
    """Who is to be told of the job's changes of status."""

    url: Annotated[str, Text(LONGEST_URL), Field(description="An https:// address of a public host")]
    events: Annotated[
        list[WebhookEvent],
        Distinct(),
        Field(min_length=1, description="The statuses to be told of; by default the ends"),
    ] = Field(default_factory=_ends)


class JobRequest(JobSpec):
    """A search to run, how it is to be queued, what is written on it, and who is to be told."""

    priority: Priority = 0
    # Left out where there is nothing: what a request is known by under its Idempotency-Key stays what it was.
    labels: Annotated[Labels, Field(description="What to sort the job under", exclude_if=lambda labels: not labels)] = (
        Field(default_factory=list)
    )
    notes: Annotated[Notes, Field(description="What to know about the job", exclude_if=lambda notes: not notes)] = ""
    webhook: WebhookSpec | None = None

    def spec(self) -> dict[str, Any]:
        """Return the job spec as it is stored."""
        return self.model_dump(mode="json", include=set(JobSpec.model_fields))

    def details(self) -> dict[str, Any]:
        """Return what is written on the job, as far as there is something."""
        return self.model_dump(include={"labels", "notes"})
