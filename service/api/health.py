"""Whether the service is alive, whether it can work, and which release it is."""

import platform
from datetime import timedelta
from importlib.metadata import version
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api.access import ANY_TOKEN, PUBLIC
from service.api.context import DatabaseOf
from service.api.problems import responses
from service.errors import DatabaseUnavailable, FieldError, NotReady, SchemaNewer, Unprocessable
from service.store.entities import Job, now
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.schema import SchemaOlder

router = APIRouter(tags=["health"], dependencies=[PUBLIC])
versions = APIRouter(tags=["health"], dependencies=[ANY_TOKEN])

_RELEASE: Final = version("cambrian")
_LOOK_AT: Final = 100
_PATIENCE: Final = timedelta(seconds=10)


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The service can take jobs; `warnings` says in plain words what is not as it should be."""

    status: Literal["ready"] = "ready"
    database: Literal["sqlite", "postgresql"]
    warnings: list[str]


class Version(BaseModel):
    """What runs here."""

    version: Annotated[str, Field(examples=["0.1.0"])]
    api: Literal["v1"] = "v1"
    python: Annotated[str, Field(examples=["3.13.1"])]


@router.get(
    "/healthz", operation_id="get_liveness", summary="Is the process alive?", responses=responses(Unprocessable)
)
async def get_liveness() -> Alive:
    """Answer without touching anything: whoever restarts a process for no answer must not do so for its database."""
    return Alive()


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="Can the service work?",
    responses=responses(NotReady, DatabaseUnavailable, Unprocessable),
)
def get_readiness(database: DatabaseOf) -> Ready:
    """Answer 503 and what is wrong when no job could be taken."""
    try:
        database.check_schema()
    except (SchemaNewer, SchemaOlder) as error:
        raise NotReady(f"schema: {error}", errors=[FieldError("/schema", str(error))]) from error
    with database.read() as session:
        jobs = JobRepository(session)
        warnings = _warnings(jobs.page(_LOOK_AT, status="queued"), jobs.page(_LOOK_AT, status="running"))
    return Ready(database=database.dialect, warnings=warnings)


@versions.get("/version", operation_id="get_version", summary="Read the release", responses=responses(Unprocessable))
async def get_version() -> Version:
    """Answer with the release of the service."""
    return Version(version=_RELEASE, python=platform.python_version())


def _warnings(queued: list[Job], running: list[Job]) -> list[str]:
    """Say what keeps jobs waiting. A runner without a job leaves no trace, so only waiting shows that there is none."""
    warnings = []
    held = [job for job in running if _held(job)]
    if queued and not held and now() - queued[-1].created_at > _PATIENCE:
        warnings.append("jobs are waiting and no runner works on any; start one with `cambrian runner`")
    lost = len(running) - len(held)
    if lost:
        warnings.append(f"{lost} running jobs have lost their runner; the next one that is free takes them over")
    return warnings


def _held(job: Job) -> bool:
    return job.lease_runner is not None and not RunnerIdentity.parse(job.lease_runner).known_dead()
