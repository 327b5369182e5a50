"""A candidate under the magnifying glass: its network, trained again, and what it does with every validation row."""

import hashlib
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from service.api.access import READ
from service.api.attachments import attachment, file_name, not_modified
from service.api.candidate_number import CandidateNumber, PhaseOf
from service.api.context import CallerOf, DatabaseOf, ExaminerOf, SettingsOf
from service.api.etags import ETAG_HEADER, NOT_MODIFIED, IfNoneMatch
from service.api.problems import responses
from service.api.query import JobId
from service.errors import (
    CandidateNotExaminable,
    CandidateNotFound,
    DatabaseUnavailable,
    ExaminationFailed,
    JobNotFound,
    TooManyExaminations,
    Unprocessable,
)
from service.examination.asking import order_for
from service.examination.examiner import Waiting
from service.examination.order import Order
from service.examination.result import Examination
from service.settings import Settings
from service.store.database import Database
from service.store.entities import Phase
from service.store.job_repository import JobRepository

CSV_TYPE: Final = "text/csv"
NETWORK_TYPE: Final = "application/x-npz"
RETRY_SECONDS: Final = 1

# Nothing of the job changes, but it is work: whoever may only submit has no reason to ask for it.
router = APIRouter(tags=["candidates"], dependencies=[READ])


class ExaminationWaiting(BaseModel):
    """An examination that is being made; ask again after the seconds in the Retry-After header."""

    state: Annotated[
        Literal["waiting", "training"], Field(description="`waiting`: for others; `training`: the network is made")
    ]
    ahead: Annotated[int, Field(description="Examinations that come first")]
    epoch: Annotated[int, Field(description="Epochs that are done")]
    epochs: Annotated[int, Field(description="Of so many; 0 where the network was stored")]


_REFUSALS: Final = responses(
    JobNotFound,
    CandidateNotFound,
    CandidateNotExaminable,
    Unprocessable,
    TooManyExaminations,
    ExaminationFailed,
    DatabaseUnavailable,
)
_WAITING: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": ExaminationWaiting,
        "description": "It is being made",
        "headers": {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}},
    }
}
_FILE_HEADERS: Final = {
    "ETag": {"description": "SHA-256 of the file, in quotes", "schema": {"type": "string"}},
    "Repr-Digest": {"description": "SHA-256 of the file (RFC 9530)", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "A safe file name", "schema": {"type": "string"}},
}


@router.get(
    "/jobs/{job_id}/candidates/{number}/examination",
    operation_id="get_examination",
    summary="Examine a candidate on the validation rows",
    description=(
        "The networks that a search tries are not kept. This one is trained again, from the same row on the same data, "
        "which gives the same network bit for bit, and that is checked; where the job kept the network nothing is "
        "trained. Answers 202 while it is being made. Looked at are the validation rows, never the test rows. "
        "`format=csv` gives every validation row with its answer."
    ),
    response_model=Examination,
    responses={
        200: {"headers": ETAG_HEADER, "content": {CSV_TYPE: {"schema": {"type": "string"}}}},
        **_WAITING,
        **NOT_MODIFIED,
        **_REFUSALS,
    },
)
def get_examination(
    job_id: JobId,
    number: CandidateNumber,
    caller: CallerOf,
    database: DatabaseOf,
    examiner: ExaminerOf,
    settings: SettingsOf,
    phase: PhaseOf = "search",
    format: Annotated[  # noqa: A002 - the word of the API
        Literal["json", "csv"], Query(description="All that was found, or the answer to every validation row")
    ] = "json",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with what was found, or with how far it is on its way."""
    order, job_name = _order(database, settings, caller.owner, job_id, phase, number)
    content = examiner.find(order, format)
    if isinstance(content, Waiting):
        return _waiting(content)
    sha256 = hashlib.sha256(content).hexdigest()
    unchanged = not_modified(sha256, if_none_match)
    if unchanged is not None:
        return unchanged
    if format == "csv":
        return attachment(content, sha256, CSV_TYPE, _name(job_name, order, "csv"))
    # As the process wrote it: it is bytes of our own making, and too many to be read only to be written again.
    return Response(
        content, media_type="application/json", headers={"ETag": f'"{sha256}"', "Cache-Control": "no-cache"}
    )


@router.get(
    "/jobs/{job_id}/candidates/{number}/network",
    operation_id="get_candidate_network",
    summary="Download the network of a candidate",
    description=(
        "The network of the candidate's first training as an `.npz` file, trained again like for its examination; "
        "answers 202 while that is being made. The ETag is the SHA-256 of the file."
    ),
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {NETWORK_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            "headers": _FILE_HEADERS,
        },
        304: {"description": "The file is still the one that If-None-Match names"},
        **_WAITING,
        **_REFUSALS,
    },
)
def get_candidate_network(
    job_id: JobId,
    number: CandidateNumber,
    caller: CallerOf,
    database: DatabaseOf,
    examiner: ExaminerOf,
    settings: SettingsOf,
    phase: PhaseOf = "search",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with the file, or with how far it is on its way."""
    order, job_name = _order(database, settings, caller.owner, job_id, phase, number)
    content = examiner.find(order, "npz")
    if isinstance(content, Waiting):
        return _waiting(content)
    sha256 = hashlib.sha256(content).hexdigest()
    unchanged = not_modified(sha256, if_none_match)
    if unchanged is not None:
        return unchanged
    return attachment(content, sha256, NETWORK_TYPE, _name(job_name, order, "npz"))


def _order(
    database: Database, settings: Settings, owner: str | None, job_id: str, phase: Phase, number: int
) -> tuple[Order, str]:
    """Return the order, and the name of the job for that of the file."""
    with database.read() as session:
        order = order_for(session, settings, owner, job_id, phase, number)
        return order, JobRepository(session, owner).get(job_id).name


def _waiting(waiting: Waiting) -> Response:
    body = ExaminationWaiting(
        state=waiting.state, ahead=waiting.ahead, epoch=waiting.epoch, epochs=waiting.epochs
    ).model_dump()
    return JSONResponse(body, 202, {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"})


def _name(job_name: str, order: Order, extension: str) -> str:
    return file_name(f"{job_name} {order.phase} {order.number}", order.job_id, extension)
