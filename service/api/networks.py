"""The network that a job found, as a file."""

import base64
import re
import unicodedata
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.conditional import matches
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch
from service.api.problems import responses
from service.api.query import JobId
from service.errors import DatabaseUnavailable, JobNotFinished, JobNotFound, NetworkNotFound, Unprocessable
from service.store.entities import Job
from service.store.job_repository import JobRepository
from service.store.network_repository import NetworkRepository

MEDIA_TYPE: Final = "application/x-npz"
_UNSAFE: Final = re.compile(r"[^a-z0-9]+")

router = APIRouter(tags=["networks"], dependencies=[READ_OR_SUBMIT])


@router.get(
    "/jobs/{job_id}/network",
    operation_id="get_network",
    summary="Download the network that a job found",
    description=(
        "An `.npz` file without pickled objects: the architecture as JSON, the parameters, and the standardization of "
        "its inputs. The ETag is the SHA-256 of the file."
    ),
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            "headers": {
                "ETag": {"description": "SHA-256 of the file, in quotes", "schema": {"type": "string"}},
                "Content-Disposition": {"description": "A safe file name", "schema": {"type": "string"}},
            },
        },
        304: {"description": "The file is still the one that If-None-Match names"},
        **responses(JobNotFound, NetworkNotFound, JobNotFinished, Unprocessable, DatabaseUnavailable),
    },
)
def get_network(
    job_id: JobId,
    caller: CallerOf,
    database: DatabaseOf,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with the file, or say why there is none."""
    with database.read() as session:
        job = JobRepository(session, caller.owner).get(job_id)
        require_finished(job, "network")
        network = NetworkRepository(session).get_for_job(job_id)
    etag = f'"{network.sha256}"'
    digest = base64.b64encode(bytes.fromhex(network.sha256)).decode("ascii")
    # A finished job is final, but the address could be asked again after the job was deleted.
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if if_none_match is not None and matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Disposition": f'attachment; filename="{file_name(job)}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    return Response(network.content, media_type=MEDIA_TYPE, headers=headers)


def require_finished(job: Job, what: str) -> None:
    """Raise JobNotFinished while the job is on its way."""
    if not job.finished:
        raise JobNotFinished(f"the job is {job.status}; its {what} is there once it has finished")


def file_name(job: Job) -> str:
    """Return a name that is safe on every system and in every header: from the job's name, told apart by its id."""
    plain = unicodedata.normalize("NFKD", job.name).encode("ascii", "ignore").decode("ascii").lower()
    words = _UNSAFE.sub("-", plain)[:60].strip("-")
    # With the prefix no name is one that Windows reserves, such as CON.
    return f"cambrian-{words}-{job.id}.npz" if words else f"cambrian-{job.id}.npz"
