"""The page of all charts of a job."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.query import JobId
from service.charts.catalog import CHARTS
from service.dashboard.job_view import PHASE_TITLES
from service.dashboard.templating import templates
from service.store.entities import Phase
from service.store.insights import Insights

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}/charts")
def show_charts(
    job_id: JobId,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    phase: Annotated[Phase, Query()] = "search",
) -> HTMLResponse:
    """Show every chart of one phase of a job."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
    begun = [(one.phase, PHASE_TITLES[one.phase]) for one in summary.phases]
    context = {"summary": summary, "job": summary.job, "charts": CHARTS, "phase": phase, "phases": begun}
    return templates.TemplateResponse(request, "charts.html", context)
