"""The data sets that a job may name."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api.access import READ_OR_SUBMIT
from service.api.context import DatabaseOf
from service.api.problems import responses
from service.api.query import PageSize, PageToken, cursor_of, token_for
from service.api.times import Utc
from service.data.built_in import BUILT_IN, BuiltIn
from service.errors import DatabaseUnavailable, DatasetNotFound, FieldError, Unprocessable
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import DatasetRow

_LIST: Final = "datasets"

router = APIRouter(tags=["datasets"], dependencies=[READ_OR_SUBMIT])


class RowCounts(BaseModel):
    """Rows of each split."""

    train: int
    validation: int
    test: Annotated[int, Field(description="Opened once per job, for the verdict")]


class DatasetResponse(BaseModel):
    """A data set that a job may name."""

    name: Annotated[str, Field(examples=["digits-16x16"])]
    title: Annotated[str, Field(examples=["Handwritten digits, 16 x 16 pixels"])]
    task: Annotated[str, Field(examples=["classification"])]
    input_shape: Annotated[list[int], Field(examples=[[16, 16]])]
    class_names: list[str]
    rows: RowCounts
    source: str
    fingerprint: Annotated[str | None, Field(description="SHA-256 of the content; null until a runner has read it")]
    prepared_at: Annotated[Utc | None, Field(description="When a runner first read it")]


class DatasetPage(BaseModel):
    """Data sets by name."""

    datasets: list[DatasetResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


@router.get(
    "/datasets",
    operation_id="list_datasets",
    summary="List the data sets",
    responses=responses(Unprocessable, DatabaseUnavailable),
)
def list_datasets(database: DatabaseOf, page_size: PageSize = 50, page_token: PageToken = None) -> DatasetPage:
    """List the data sets by name."""
    after = "" if page_token is None else cursor_of(page_token, _LIST)
    found = [dataset for dataset in _all(database) if dataset.name > after]
    page = found[:page_size]
    return DatasetPage(datasets=page, next_page_token=_token(page[-1].name) if len(found) > page_size else None)


@router.get(
    "/datasets/{name}",
    operation_id="get_dataset",
    summary="Read one data set",
    responses=responses(DatasetNotFound, Unprocessable, DatabaseUnavailable),
)
def get_dataset(name: str, database: DatabaseOf) -> DatasetResponse:
    """Read one data set."""
    for dataset in _all(database):
        if dataset.name == name:
            return dataset
    raise unknown_dataset([])


def built_in(name: str) -> BuiltIn:
    """Return the data set of this name; raises DatasetNotFound, pointing at the field of a job spec."""
    if name not in BUILT_IN:
        known = ", ".join(sorted(BUILT_IN))
        raise unknown_dataset([FieldError("/dataset", f"must be the name of a data set; known are {known}")])
    return BUILT_IN[name]


def unknown_dataset(errors: list[FieldError]) -> DatasetNotFound:
    """Return the answer for a name that no data set has."""
    return DatasetNotFound(f"there is no data set of this name; known are {', '.join(sorted(BUILT_IN))}", errors=errors)


def _all(database: Database) -> list[DatasetResponse]:
    with database.read() as session:
        prepared = {row.name: row for row in DatasetRepository(session).all()}
    described = [_described(dataset, prepared.get(name)) for name, dataset in BUILT_IN.items()]
    return sorted(described, key=lambda dataset: dataset.name)


def _described(dataset: BuiltIn, prepared: DatasetRow | None) -> DatasetResponse:
    train, validation, test = dataset.rows
    return DatasetResponse(
        name=dataset.name,
        title=dataset.title,
        task=dataset.task,
        input_shape=list(dataset.input_shape),
        class_names=list(dataset.class_names),
        rows=RowCounts(train=train, validation=validation, test=test),
        source=dataset.source,
        fingerprint=prepared.fingerprint if prepared else None,
        prepared_at=prepared.created_at if prepared else None,
    )


def _token(name: str) -> str:
    return token_for(_LIST, name)
