"""The pages of the data sets: the list with its upload, and one data set with all that is known of it."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf, SettingsOf
from service.api.datasets import DatasetResponse, built_in_response, list_datasets, uploaded_response
from service.dashboard.dataset_preview import Preview, preview_of_built_in, preview_of_uploaded
from service.dashboard.templating import templates
from service.data.built_in_rows import INPUT_NAMES
from service.data.description import ReadOptions
from service.errors import DatasetNotFound
from service.settings import Settings
from service.store.database import Database
from service.store.insights import Insights, JobLine
from service.store.job_list import JobFilter
from service.store.uploaded_dataset_repository import UploadedDatasetRepository

SHOWN_DATASETS: Final = 100
SHOWN_JOBS: Final = 20
SHOWN_COLUMNS: Final = 200
"""Columns that are listed at once; the others are folded away."""

SEVERITIES: Final = {"serious": "Serious", "warning": "Warning", "info": "Note"}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@dataclass(frozen=True, slots=True)
class Look:
    """A data set, and what it looks like."""

    dataset: DatasetResponse
    preview: Preview


@router.get("/datasets")
def show_datasets(
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    settings: SettingsOf,
    page_token: Annotated[str | None, Query(max_length=1_000)] = None,
) -> HTMLResponse:
    """Show the data sets that a job may name, and take new ones."""
    page = list_datasets(caller, database, SHOWN_DATASETS, page_token)
    context = {"page": page, "most_bytes": settings.max_upload_bytes, "first": page_token is None}
    return templates.TemplateResponse(request, "datasets.html", context)


@router.get("/datasets/{name}")
def show_dataset(
    name: str, request: Request, caller: CallerOf, database: DatabaseOf, settings: SettingsOf
) -> HTMLResponse:
    """Show one data set: its columns, what is wrong with it, its first rows, and the jobs on it."""
    look = look_at(name, caller.owner, database, settings)
    with database.read() as session:
        jobs, more = _jobs_on(session, caller.owner, name)
    context = {
        **_context(look),
        "options": _options_of(look.dataset),
        "jobs": jobs,
        "more_jobs": more,
        "input_names": INPUT_NAMES.get(name) if look.dataset.origin == "built-in" else None,
        "shown_columns": SHOWN_COLUMNS,
    }
    return templates.TemplateResponse(request, "dataset.html", context)


@router.get("/datasets/{name}/preview")
def show_preview(
    name: str, request: Request, caller: CallerOf, database: DatabaseOf, settings: SettingsOf
) -> HTMLResponse:
    """Show the part of a data set's page that the form of a new job shows too."""
    look = look_at(name, caller.owner, database, settings)
    return templates.TemplateResponse(request, "_dataset.html", _context(look))


def look_at(name: str, owner: str, database: Database, settings: Settings) -> Look:
    """Return a data set of the owner's, or a built-in one. Raises DatasetNotFound."""
    with database.read() as session:
        own = UploadedDatasetRepository(session, owner).find(name)
    if own is not None:
        return Look(uploaded_response(own), preview_of_uploaded(own, settings))
    built_in = built_in_response(database, name)
    if built_in is None:
        raise DatasetNotFound("neither a built-in data set nor one of yours has this name")
    return Look(built_in, preview_of_built_in(name))


def _context(look: Look) -> dict[str, Any]:
    return {"dataset": look.dataset, "preview": look.preview, "severities": SEVERITIES}


def _jobs_on(session: Session, owner: str, name: str) -> tuple[list[JobLine], bool]:
    page = Insights(session, owner).jobs(SHOWN_JOBS, wanted=JobFilter(dataset=name, archived=None))
    return list(page.lines), page.next is not None


def _options_of(dataset: DatasetResponse) -> dict[str, Any]:
    """Return what was said about the file, as far as it is not what is taken for granted."""
    usual = ReadOptions().to_json()
    said = dataset.options or {}
    return {name: value for name, value in said.items() if name != "kind" and value != usual[name]}
