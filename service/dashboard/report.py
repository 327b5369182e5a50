"""The report of a job as a page: the same document as the files that it offers."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.query import JobId
from service.dashboard.templating import templates
from service.report.document import read_report
from service.report.sections import sections
from service.store.insights import Insights

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}/report")
def show_report(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show the report of a job, with the files that it can be downloaded as."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        document = read_report(session, caller.owner, job_id)
    context = {"summary": summary, "job": summary.job, "sections": sections(document)}
    return templates.TemplateResponse(request, "report.html", context)
