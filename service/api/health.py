"""Whether the service is alive, whether it can work, and which release it is."""

import platform
from importlib.metadata import version
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from service.api.access import ANY_TOKEN, PUBLIC
from service.api.context import DatabaseOf
from service.api.problems import responses
from service.errors import DatabaseUnavailable, FieldError, NotReady, Unprocessable
from service.readiness import concerns

router = APIRouter(tags=["health"], dependencies=[PUBLIC])
versions = APIRouter(tags=["health"], dependencies=[ANY_TOKEN])

_RELEASE: Final = version("cambrian")


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
def get_readiness(request: Request, database: DatabaseOf) -> Ready:
    """Answer 503 and what is wrong when no job could be taken."""
    found = concerns(database, request.app.state.settings.data_dir)
    serious = [concern for concern in found if concern.serious]
    if serious:
        raise NotReady(
            "; ".join(f"{concern.check}: {concern.detail}" for concern in serious),
            errors=[FieldError(f"/{concern.check}", concern.detail) for concern in serious],
        )
    return Ready(database=database.dialect, warnings=[concern.detail for concern in found])


@versions.get("/version", operation_id="get_version", summary="Read the release", responses=responses(Unprocessable))
async def get_version() -> Version:
    """Answer with the release of the service."""
    return Version(version=_RELEASE, python=platform.python_version())
