"""The place of a job among those of its owner that wait."""

from typing import Annotated, Final

from fastapi import APIRouter, Body
from pydantic import BaseModel

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatabaseOf
from service.api.problems import responses
from service.api.query import JobId
from service.errors import (
    DatabaseUnavailable,
    InvalidSpec,
    JobNotFound,
    JobNotQueued,
    MalformedJson,
    PayloadTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)
from service.fields import StrictModel
from service.job_request import Priority
from service.store.job_repository import JobRepository
from service.store.queue import Queue

_BODY_PROBLEMS: Final = (MalformedJson, PayloadTooLarge, RequestTimeout, UnsupportedMediaType, InvalidSpec)

router = APIRouter(tags=["jobs"], dependencies=[READ_OR_SUBMIT])


class PriorityChange(StrictModel):
    """The priority that a job is to have."""

    priority: Priority


class PriorityResponse(BaseModel):
    """The priority of a job."""

    job_id: str
    priority: int


@router.put(
    "/jobs/{job_id}/priority",
    operation_id="set_priority",
    summary="Change the priority of a job that waits",
    description=(
        "Of the jobs of one owner the one with the highest priority begins first, of several the oldest. Owners take "
        "turns whatever the priorities of their jobs. Asking again changes nothing."
    ),
    responses=responses(*_BODY_PROBLEMS, JobNotFound, JobNotQueued, DatabaseUnavailable),
)
def set_priority(
    job_id: JobId,
    change: Annotated[PriorityChange, Body(examples=[{"priority": 5}])],
    caller: CallerOf,
    database: DatabaseOf,
) -> PriorityResponse:
    """Move a job within its owner's part of the queue."""
    with database.write() as session:
        Queue(session).set_priority(JobRepository(session, caller.owner).locked(job_id), change.priority)
    return PriorityResponse(job_id=job_id, priority=change.priority)
