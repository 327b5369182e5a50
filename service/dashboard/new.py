"""The page that submits a job by a form, empty or filled with the spec of another job."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from core.metrics import METRICS_OF
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf, SettingsOf
from service.api.specs import spec_of
from service.dashboard.job_form import job_form
from service.dashboard.templating import templates
from service.data.built_in import BUILT_IN
from service.dataset_intake import description_of
from service.errors import Conflict, JobNotFound
from service.job_spec import JobSpec, default_name
from service.settings import Settings
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.uploaded_dataset_repository import UploadedDatasetRepository

FIRST: Final = "digits-16x16"
DEFAULT_URL: Final = "http://{host}:{port}".format(
    **{name: Settings.model_fields[name].default for name in ("host", "port")}
)
"""The address that the command line takes where none is named."""

MOST_DATASETS: Final = 200
"""Own data sets in the list; others can be asked for by their name (`?dataset=`)."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])

Name = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A data set that can be chosen."""

    name: str
    title: str
    task: str
    images: bool
    own: bool


@router.get("/new")
def show_form(
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    settings: SettingsOf,
    dataset: Name = "",
    clone: Name = "",
) -> HTMLResponse:
    """Show the form; `clone` is a job of the caller's whose spec fills it, `dataset` a data set to begin with."""
    notices: list[str] = []
    spec = _spec_of(clone, caller.owner, database, notices) if clone else None
    wanted = dataset or (spec["dataset"] if spec else "")
    choices = dataset_choices(database, caller.owner, wanted)
    if wanted and wanted not in {choice.name for choice in choices}:
        notices.append("The data set that was asked for is not there (any more); choose another one.")
        wanted = ""
    chosen = wanted or FIRST
    return templates.TemplateResponse(
        request,
        "new.html",
        {
            "form": job_form(spec, webhooks=settings.webhooks),
            "cloned": spec and clone,
            "by_epochs": spec is not None and spec["budget"].get("evaluations") is None,
            "choices": choices,
            "chosen": chosen,
            "notices": notices,
            "needs_token": caller.token_id is not None,
            "default_url": DEFAULT_URL,
        },
    )


def dataset_choices(database: Database, owner: str, wanted: str = "") -> list[Choice]:
    """Return the data sets that a job of the owner's may name, the built-in ones first; `wanted` is never left out."""
    with database.read() as session:
        datasets = UploadedDatasetRepository(session, owner)
        own = datasets.page(MOST_DATASETS)
        asked = datasets.find(wanted) if wanted and wanted not in {one.name for one in own} else None
    built_in = [Choice(one.name, one.title, one.task, len(one.input_shape) > 1, own=False) for one in BUILT_IN.values()]
    described = [(one, description_of(one)) for one in (*own, *([asked] if asked else []))]
    return built_in + [
        Choice(one.name, one.title, known.task, len(known.input_shape) > 1, own=True) for one, known in described
    ]


def _spec_of(job_id: str, owner: str, database: Database, notices: list[str]) -> dict[str, Any] | None:
    """Return the spec of a job of the owner's, without what the service filled in by itself."""
    try:
        with database.read() as session:
            spec = spec_of(JobRepository(session, owner).get(job_id))
    except JobNotFound:
        notices.append("The job that was to be copied is not there; the form has its defaults.")
        return None
    except Conflict as conflict:
        notices.append(f"The job cannot be copied: {conflict.detail}.")
        return None
    return _without_what_follows(spec)


def _without_what_follows(spec: JobSpec) -> dict[str, Any]:
    """Leave out the name that follows from strategy and data set, and the metric that follows from the task."""
    plain = spec.model_dump(mode="json")
    if plain["name"] == default_name(plain):
        del plain["name"]
    if plain["metric"] in {metrics[0] for metrics in METRICS_OF.values()}:
        plain["metric"] = None
    return plain
