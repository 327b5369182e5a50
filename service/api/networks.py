"""The network that a job found, as a file."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.attachments import attachment, describe_files, file_name, not_modified
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch
from service.api.problems import responses
from service.api.query import JobId
from service.errors import (
    DatabaseUnavailable,
    DownloadNotProven,
    JobNotFinished,
    JobNotFound,
    ModelDamaged,
    NetworkNotFound,
    Unprocessable,
)
from service.store.entities import Job
from service.store.job_repository import JobRepository
from service.store.network_repository import NetworkRepository
from service.store.proof_repository import ProofRepository

MEDIA_TYPE: Final = "application/x-npz"

router = APIRouter(tags=["networks"], dependencies=[READ_OR_SUBMIT])


@router.get(
    "/jobs/{job_id}/network",
    operation_id="get_network",
    summary="Download the network that a job found",
    description=(
        "An `.npz` file without pickled objects: the architecture as JSON, the parameters, and the standardization of "
        "its inputs. The ETag is the SHA-256 of the file. The same file in other formats: `/v1/models`."
    ),
    response_class=Response,
    responses={
        **describe_files(MEDIA_TYPE),
        **responses(
            JobNotFound,
            NetworkNotFound,
            JobNotFinished,
            DownloadNotProven,
            ModelDamaged,
            Unprocessable,
            DatabaseUnavailable,
        ),
    },
)
def get_network(job_id: JobId, caller: CallerOf, database: DatabaseOf, if_none_match: IfNoneMatch = None) -> Response:
    """Answer with the file, or say why there is none."""
    with database.read() as session:
        job = JobRepository(session, caller.owner).get(job_id)
        require_finished(job, "network")
        network = NetworkRepository(session).get_for_job(job_id)
        proofs = ProofRepository(session).load([network.id]).get(network.id, ())
    for proof in proofs:
        if proof.format == "npz" and proof.error is not None:
            raise DownloadNotProven(f"the .npz file is not handed out: {proof.error}")
    unchanged = not_modified(network.sha256, if_none_match)
    if unchanged is not None:
        return unchanged
    return attachment(network.content, network.sha256, MEDIA_TYPE, file_name(job.name, job.id, "npz"))


def require_finished(job: Job, what: str) -> None:
    """Raise JobNotFinished while the job is on its way."""
    if not job.finished:
        raise JobNotFinished(f"the job is {job.status}; its {what} is there once it has finished")
