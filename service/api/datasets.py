"""The data sets that a job may name: the built-in ones, and those that the caller uploaded."""

from itertools import chain
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatabaseOf, DatasetIntakeOf
from service.api.etags import tagged
from service.api.problems import responses
from service.api.query import PageSize, PageToken, cursor_of, token_for
from service.api.times import Utc
from service.data.built_in import BUILT_IN, BuiltIn
from service.data.description import Cell, ColumnType, Kind, Severity
from service.dataset_intake import description_of
from service.errors import DatabaseUnavailable, DatasetInUse, DatasetNotFound, Unprocessable
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import DatasetRow, Job, UploadedDataset
from service.store.uploaded_dataset_repository import UploadedDatasetRepository

_LIST: Final = "datasets"
_FILES: Final[dict[Kind, str]] = {"csv": "CSV", "parquet": "Parquet", "npz": "NPZ", "images": "images"}

router = APIRouter(tags=["datasets"], dependencies=[READ_OR_SUBMIT])


class RowCounts(BaseModel):
    """Rows of each split."""

    train: int
    validation: int
    test: Annotated[int, Field(description="Opened once per job, for the verdict")]


class DatasetLine(BaseModel):
    """A data set in a list."""

    name: Annotated[str, Field(examples=["digits-16x16"])]
    title: Annotated[str, Field(examples=["Handwritten digits, 16 x 16 pixels"])]
    origin: Literal["built-in", "uploaded"]
    task: Annotated[str, Field(description="classification or regression", examples=["classification"])]
    input_shape: Annotated[list[int], Field(examples=[[16, 16]])]
    class_names: Annotated[list[str], Field(description="Empty for regression")]
    target: Annotated[
        str | None, Field(description="The column that is predicted, where it is told", examples=["price"])
    ]
    rows: RowCounts
    source: str
    fingerprint: Annotated[str | None, Field(description="SHA-256 of the content; null until a runner has read it")]
    prepared_at: Annotated[Utc | None, Field(description="When it was first read")]


class FileResponse(BaseModel):
    """The file that was uploaded."""

    kind: Kind
    bytes: int
    sha256: Annotated[str, Field(description="SHA-256 of the file, in hex")]


class ColumnResponse(BaseModel):
    """A column of the file."""

    name: str
    type: ColumnType
    missing: Annotated[int, Field(description="Rows without a value")]
    distinct: Annotated[int, Field(description="Different values")]
    examples: list[str]
    use: Annotated[str, Field(description="How it enters the network, in words")]
    inputs: Annotated[int, Field(description="As how many numbers it enters the network")]


class FindingResponse(BaseModel):
    """Something that the data doctor noticed."""

    code: str
    severity: Severity
    columns: list[str]
    sentence: Annotated[str, Field(description="What it means, and what to do about it")]


class DatasetResponse(DatasetLine):
    """A data set; what follows `prepared_at` is known of uploaded ones, and null for the built-in ones."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    file: FileResponse | None = None
    options: Annotated[dict[str, Any] | None, Field(description="How the file is read, as it was asked for")] = None
    class_counts: Annotated[list[int] | None, Field(description="Rows of each class; empty for regression")] = None
    columns: list[ColumnResponse] | None = None
    findings: Annotated[list[FindingResponse] | None, Field(description="What the data doctor noticed")] = None
    preview: Annotated[list[list[Cell]] | None, Field(description="The first rows, in the order of `columns`")] = None


class DatasetPage(BaseModel):
    """Data sets by name."""

    datasets: list[DatasetLine]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


@router.get(
    "/datasets",
    operation_id="list_datasets",
    summary="List the data sets",
    responses=responses(Unprocessable, DatabaseUnavailable),
)
def list_datasets(
    caller: CallerOf, database: DatabaseOf, page_size: PageSize = 50, page_token: PageToken = None
) -> DatasetPage:
    """List the built-in data sets and the caller's own by name."""
    after = "" if page_token is None else cursor_of(page_token, _LIST)
    with database.read() as session:
        own = UploadedDatasetRepository(session, caller.owner).page(page_size + 1, after)
    built_in = [dataset for dataset in _built_in(database) if dataset.name > after]
    found = sorted(chain(built_in, map(_uploaded_line, own)), key=lambda dataset: dataset.name)
    page = found[:page_size]
    return DatasetPage(datasets=page, next_page_token=_token(page[-1].name) if len(found) > page_size else None)


@router.get(
    "/datasets/{name}",
    operation_id="get_dataset",
    summary="Read one data set",
    description=(
        "Of an uploaded one also its columns, what the data doctor noticed, and its first rows. With `If-None-Match` "
        "the answer is 304 while it is still what its ETag names."
    ),
    response_model=DatasetResponse,
    responses={
        200: {"headers": {"ETag": {"description": "Digest of the answer, in quotes", "schema": {"type": "string"}}}},
        304: {"description": "The answer is still the one that If-None-Match names"},
        **responses(DatasetNotFound, Unprocessable, DatabaseUnavailable),
    },
)
def get_dataset(
    name: str,
    caller: CallerOf,
    database: DatabaseOf,
    if_none_match: Annotated[str | None, Header(max_length=2_000)] = None,
) -> Response:
    """Read one data set."""
    with database.read() as session:
        own = UploadedDatasetRepository(session, caller.owner).find(name)
    if own is not None:
        return tagged(uploaded_response(own), if_none_match)
    built_in = built_in_response(database, name)
    if built_in is not None:
        return tagged(built_in, if_none_match)
    raise DatasetNotFound("neither a built-in data set nor one of yours has this name")


@router.delete(
    "/datasets/{name}",
    operation_id="delete_dataset",
    summary="Delete a data set",
    description=(
        "Deletes one of the caller's own, with its file unless another data set is made of it. Jobs that ran on it "
        "keep their results; one that is queued, running or paused keeps the data set."
    ),
    status_code=204,
    responses=responses(DatasetNotFound, DatasetInUse, Unprocessable, DatabaseUnavailable),
)
def delete_dataset(name: str, caller: CallerOf, intake: DatasetIntakeOf) -> None:
    """Delete one data set."""
    intake.delete(caller.owner, name)


def uploaded_response(dataset: UploadedDataset) -> DatasetResponse:
    """Describe an uploaded data set."""
    known = description_of(dataset)
    return DatasetResponse(
        **_uploaded_line(dataset).model_dump(),
        file=FileResponse(kind=known.kind, bytes=dataset.file_bytes, sha256=dataset.file_sha256),
        options={name: value for name, value in dataset.options.items() if name != "format"},
        class_counts=list(known.class_counts),
        columns=[
            ColumnResponse(
                name=column.name,
                type=column.type,
                missing=column.missing,
                distinct=column.distinct,
                examples=list(column.examples),
                use=column.use,
                inputs=column.inputs,
            )
            for column in known.columns
        ],
        findings=[
            FindingResponse(code=one.code, severity=one.severity, columns=list(one.columns), sentence=one.sentence)
            for one in known.findings
        ],
        preview=[list(row) for row in known.preview],
    )


def built_in_response(database: Database, name: str) -> DatasetResponse | None:
    """Describe a built-in data set; None where there is none of this name."""
    found = (dataset for dataset in _built_in(database) if dataset.name == name)
    return next((DatasetResponse(**dataset.model_dump()) for dataset in found), None)


def dataset_of_job(session: Session, job: Job) -> DatasetLine | None:
    """Describe the data set that a job was submitted for; None where it is gone."""
    if job.dataset_id is None:
        known = BUILT_IN.get(job.dataset)
        prepared = {row.name: row for row in DatasetRepository(session).all()}
        return None if known is None else _built_in_line(known, prepared.get(job.dataset))
    try:
        return _uploaded_line(UploadedDatasetRepository(session, job.owner).get_by_id(job.dataset_id))
    except DatasetNotFound:
        return None


def _uploaded_line(dataset: UploadedDataset) -> DatasetLine:
    known = description_of(dataset)
    return DatasetLine(
        name=dataset.name,
        title=dataset.title,
        origin="uploaded",
        task=known.task,
        input_shape=list(known.input_shape),
        class_names=[] if known.task == "regression" else list(known.class_names),
        target=known.target,
        rows=RowCounts(train=known.split.train, validation=known.split.validation, test=known.split.test),
        source=f"uploaded file ({_FILES[known.kind]}, {dataset.file_bytes:,} bytes)",
        fingerprint=dataset.fingerprint,
        prepared_at=dataset.created_at,
    )


def _built_in(database: Database) -> list[DatasetLine]:
    with database.read() as session:
        prepared = {row.name: row for row in DatasetRepository(session).all()}
    return [_built_in_line(dataset, prepared.get(name)) for name, dataset in BUILT_IN.items()]


def _built_in_line(dataset: BuiltIn, prepared: DatasetRow | None) -> DatasetLine:
    train, validation, test = dataset.rows
    return DatasetLine(
        name=dataset.name,
        title=dataset.title,
        origin="built-in",
        task=dataset.task,
        input_shape=list(dataset.input_shape),
        class_names=[] if dataset.task == "regression" else list(dataset.class_names),
        target=dataset.class_names[0] if dataset.task == "regression" else None,
        rows=RowCounts(train=train, validation=validation, test=test),
        source=dataset.source,
        fingerprint=prepared.fingerprint if prepared else None,
        prepared_at=prepared.created_at if prepared else None,
    )


def _token(name: str) -> str:
    return token_for(_LIST, name)
