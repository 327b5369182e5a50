"""The list of jobs: filters, order and pages stand in the address, in the words of `GET /v1/jobs`."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch
from service.api.query import bad_token, cursor_of, digest_of, token_for
from service.dashboard.fragments import part
from service.dashboard.job_view import spent
from service.dashboard.sparkline import draw_sparkline
from service.dashboard.templating import templates
from service.errors import FieldError, JobNotFound, Unprocessable
from service.store.database import Database
from service.store.entities import JOB_STATUSES, Job
from service.store.insights import Insights, JobLine
from service.store.job_list import JobFilter, JobPlace, JobSort

PAGE_SIZE: Final = 50
MOST_COMPARED: Final = 4

_ARCHIVED: Final[dict[str, bool | None]] = {"false": False, "true": True, "all": None}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; a form sends empty what nobody filled in."""

    name: str
    status: str
    dataset: str
    label: str
    archived: str
    created_after: str
    created_before: str
    sort: JobSort
    page_token: str

    @property
    def filters(self) -> JobFilter:
        """Which jobs are shown. Raises Unprocessable for a status or a day that there is not."""
        named = [one for one in self.status.split(",") if one]
        unknown = [one for one in named if one not in JOB_STATUSES]
        if unknown:
            raise _refused("?status", f"must be of {', '.join(JOB_STATUSES)}")
        return JobFilter(
            tuple(one for one in JOB_STATUSES if one in named),
            self.dataset or None,
            self.label or None,
            self.name or None,
            _ARCHIVED[self.archived],
            _moment("created_after", self.created_after),
            _moment("created_before", self.created_before),
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is left out that a plain list shows."""
        return self.filters != JobFilter()

    def query(self, **changed: str) -> str:
        """Return the query of an address that asks for the same with some of it changed; empty for what is usual."""
        given = {name: value for name, value in (asdict(self) | changed).items() if value != _USUAL.get(name, "")}
        return f"?{urlencode(given)}" if given else ""


_STATUS_CHOICES: Final = (
    ("", "any"),
    ("queued,running,paused", "not ended"),
    ("succeeded,failed,cancelled", "ended"),
    *((status, status) for status in JOB_STATUSES),
)
_USUAL: Final = {"archived": "false", "sort": "newest"}


def _asked(
    name: Annotated[str, Query(max_length=200)] = "",
    status: Annotated[str, Query(max_length=200)] = "",
    dataset: Annotated[str, Query(max_length=200)] = "",
    label: Annotated[str, Query(max_length=60)] = "",
    archived: Literal["false", "true", "all"] = "false",
    created_after: Annotated[str, Query(max_length=40)] = "",
    created_before: Annotated[str, Query(max_length=40)] = "",
    sort: JobSort = "newest",
    page_token: Annotated[str, Query(max_length=500)] = "",
) -> Asked:
    return Asked(
        name.strip(),
        status,
        dataset.strip(),
        label.strip(),
        archived,
        created_after,
        created_before,
        sort,
        page_token,
    )


AskedOf = Annotated[Asked, Depends(_asked)]


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A row of the table."""

    line: JobLine
    job: Job
    spent: Any
    sparkline: Markup


@router.get("/")
def show_jobs(request: Request, caller: CallerOf, database: DatabaseOf, asked: AskedOf) -> HTMLResponse:
    """Show the jobs that the address asks for."""
    return templates.TemplateResponse(request, "jobs.html", _context(caller.owner, database, asked))


@router.get("/fragments/jobs")
def show_table(
    request: Request, caller: CallerOf, database: DatabaseOf, asked: AskedOf, if_none_match: IfNoneMatch = None
) -> Response:
    """Show the table alone, for a page that is open already."""
    answer = templates.TemplateResponse(request, "_jobs.html", _context(caller.owner, database, asked))
    return part(bytes(answer.body).decode(), if_none_match)


def _context(owner: str, database: Database, asked: Asked) -> dict[str, Any]:
    wanted = asked.filters
    scope = f"jobs {asked.sort} {digest_of(asdict(wanted))}"
    after = None
    if asked.page_token:
        try:
            after = JobPlace.parse(cursor_of(asked.page_token, scope), asked.sort)
        except ValueError:
            raise bad_token() from None
    with database.read() as session:
        try:
            page = Insights(session, owner).jobs(PAGE_SIZE, after, wanted=wanted, sort=asked.sort)
        except JobNotFound:
            raise bad_token("leads behind a job that was deleted meanwhile; begin with the first page") from None
    return {
        "asked": asked,
        "shown": [_shown(line) for line in page.lines],
        "active": any(line.job.status in {"queued", "running"} for line in page.lines),
        "first_page": asked.query(page_token="") if asked.page_token else None,
        "next_page": None if page.next is None else asked.query(page_token=token_for(scope, str(page.next))),
        "status_choices": _STATUS_CHOICES,
        "most_compared": MOST_COMPARED,
    }


def _shown(line: JobLine) -> ShownJob:
    search = line.progress("search")
    drawing = Markup(draw_sparkline(search.improvements, search.proposed))  # noqa: S704 - our own markup
    return ShownJob(line, line.job, spent(line), drawing)


def _moment(name: str, text: str) -> datetime | None:
    """Read a day, which begins in UTC, or a moment."""
    if not text:
        return None
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _refused(f"?{name}", "must be a day such as 2026-01-31, or a moment with its zone") from None
    if moment.tzinfo is None:
        raise _refused(f"?{name}", "must be a day such as 2026-01-31, or a moment with its zone")
    return moment


def _refused(pointer: str, detail: str) -> Unprocessable:
    return Unprocessable(f"{pointer}: {detail}", errors=[FieldError(pointer, detail)])
