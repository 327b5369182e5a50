"""The record of a job: everything that somebody needs who wants to repeat it, or to know why a repetition differs."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatabaseOf
from service.api.models import DownloadResponse, download_of
from service.api.problems import responses
from service.api.query import JobId
from service.api.times import Utc
from service.errors import DatabaseUnavailable, JobNotFound, Unprocessable
from service.store.entities import DOWNLOAD_FORMATS, JobStatus
from service.store.job_repository import JobRepository
from service.store.model_repository import Model, ModelRepository
from service.store.record_repository import RecordRepository, Segment

router = APIRouter(tags=["records"], dependencies=[READ_OR_SUBMIT])


class _Stored(BaseModel):
    """A part of the stored environment; fields of a later format are passed on."""

    model_config = ConfigDict(extra="allow")


class PythonResponse(_Stored):
    """The interpreter."""

    implementation: str
    version: str


class BlasResponse(_Stored):
    """The library that multiplies matrices; its kernels are chosen by processor."""

    library: str | None
    version: str | None
    kernels: Annotated[str | None, Field(examples=["Haswell"])]
    build: str | None


class CpuResponse(_Stored):
    """The processor, and which of its vector instructions NumPy uses."""

    model: str
    machine: Annotated[str, Field(examples=["x86_64"])]
    cores: int | None
    simd: list[str]


class EnvironmentResponse(_Stored):
    """On what a runner ran the job."""

    host: str
    system: str
    python: PythonResponse
    packages: Annotated[dict[str, str | None], Field(description="Their versions; null for one that is not installed")]
    blas: BlasResponse
    cpu: CpuResponse
    evaluator: str
    workers: Annotated[int | None, Field(description="Candidates trained at once; null where a cluster decides")]


class SegmentResponse(BaseModel):
    """One stretch of the job: each runner that took it begins another one."""

    lease: int
    started_at: Utc
    environment: EnvironmentResponse


class DataResponse(BaseModel):
    """The data that the job ran on."""

    name: str
    fingerprint: Annotated[str | None, Field(description="SHA-256 of the content; null until a runner has read it")]


class RowsResponse(BaseModel):
    """All evaluations of all phases; a job that is run again has the same digest."""

    count: int
    sha256: Annotated[str, Field(description="Over the sorted rows, without seconds and workers; `cambrian verify`")]


class RecordModelResponse(BaseModel):
    """The model that the job ended with, and the hashes of its files."""

    id: str
    sha256: str
    files: list[DownloadResponse]


class RecordResponse(BaseModel):
    """The record of a job."""

    format: Literal[1] = 1
    job_id: str
    name: str
    status: JobStatus
    created_at: Utc
    finished_at: Utc | None
    spec: Annotated[dict[str, Any], Field(description="The job spec, defaults filled in")]
    seed: int
    dataset: DataResponse
    stopped_at: Annotated[int | None, Field(description="How many candidates the search had when it ended")]
    segments: Annotated[list[SegmentResponse], Field(description="Empty for jobs of releases that noted none")]
    machines: Annotated[list[str], Field(description="Names of the machines that trained candidates")]
    rows: Annotated[RowsResponse | None, Field(description="null until the job has succeeded")]
    model: RecordModelResponse | None


@router.get(
    "/jobs/{job_id}/record",
    operation_id="get_record",
    summary="Read the record of a job",
    description=(
        "What was run on what: spec, seed, data, versions, BLAS library, processor, and hashes of all rows and of the "
        "model. The same bits are promised for the same record of versions and processor."
    ),
    responses=responses(JobNotFound, Unprocessable, DatabaseUnavailable),
)
def get_record(job_id: JobId, caller: CallerOf, database: DatabaseOf) -> RecordResponse:
    """Read the record of a job, as far as it has come."""
    with database.read() as session:
        return read_record(session, caller.owner, job_id)


def read_record(session: Session, owner: str, job_id: str) -> RecordResponse:
    """Read the record of a job of the owner's. Raises JobNotFound."""
    job = JobRepository(session, owner).get(job_id)
    records = RecordRepository(session)
    record, machines = records.get(job_id), records.machines(job_id)
    model = ModelRepository(session, owner).of_job(job_id)
    return RecordResponse(
        job_id=job.id,
        name=job.name,
        status=job.status,
        created_at=job.created_at,
        finished_at=job.finished_at,
        spec=job.spec,
        seed=job.seed,
        dataset=DataResponse(name=job.dataset, fingerprint=job.dataset_fingerprint),
        stopped_at=job.stopped_at,
        segments=[_segment(segment) for segment in record.segments],
        machines=machines,
        rows=None if record.rows is None else RowsResponse(count=record.rows.count, sha256=record.rows.sha256),
        model=None if model is None else _model(model),
    )


def _segment(segment: Segment) -> SegmentResponse:
    return SegmentResponse(
        lease=segment.lease_number,
        started_at=segment.started_at,
        environment=EnvironmentResponse.model_validate(segment.environment),
    )


def _model(model: Model) -> RecordModelResponse:
    return RecordModelResponse(
        id=model.id, sha256=model.sha256, files=[download_of(model, format_) for format_ in DOWNLOAD_FORMATS]
    )
