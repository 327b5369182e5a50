"""The pages: the list of jobs, and one job that shows its search live.

A page is its layout around a live region; `/jobs/{id}/live` is that region alone, and both come from one context.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from evolution.verdict import Verdict
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.query import JobId
from service.dashboard.charts import draw_best_so_far
from service.dashboard.drawings import draw_network
from service.dashboard.templating import templates
from service.store.insights import Insights, JobSummary

SHOWN_JOBS: Final = 100
SHOWN_CANDIDATES: Final = 25

PHASE_TITLES: Final = {
    "search": "Search",
    "baseline": "Random search with as many epochs",
    "finalists": "The best networks of both, on fresh seeds",
    "final": "The networks of the verdict, on fresh seeds",
}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/")
def show_jobs(request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show the newest jobs."""
    with database.read() as session:
        page = Insights(session, caller.owner).jobs(SHOWN_JOBS)
    return templates.TemplateResponse(request, "jobs.html", {"page": page})


@router.get("/jobs/{job_id}")
def show_job(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show one job; the page follows it by itself."""
    return templates.TemplateResponse(request, "job.html", job_context(job_id, caller.owner, database))


@router.get("/jobs/{job_id}/live")
def show_live_region(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show the part of a job's page that changes while the job runs."""
    return templates.TemplateResponse(request, "_live.html", job_context(job_id, caller.owner, database))


def job_context(job_id: str, owner: str, database: DatabaseOf) -> dict[str, Any]:
    """Return what page and live region of a job show. Raises JobNotFound."""
    with database.read() as session:
        insights = Insights(session, owner)
        summary = insights.summary(job_id)
        leaders = insights.candidates(job_id, page_size=SHOWN_CANDIDATES, sort="fitness").lines
    verdict = None if summary.job.verdict is None else Verdict.from_json(summary.job.verdict)
    return {
        "summary": summary,
        "job": summary.job,
        "leaders": leaders,
        "phase_titles": PHASE_TITLES,
        "verdict": verdict,
        "drawing": _drawing(summary, verdict),
        "chart": Markup(draw_best_so_far(summary.best_so_far, summary.progress("search").proposed, summary.job.metric)),  # noqa: S704 - ours
    }


def _drawing(summary: JobSummary, verdict: Verdict | None) -> Markup:
    """Draw the network of the verdict, or the best one so far."""
    if verdict is not None:
        evolved = next(arm for arm in verdict.arms if arm.name == verdict.evolved)
        return Markup(draw_network(evolved.architecture))  # noqa: S704 - our own markup
    return Markup(draw_network(summary.best.architecture) if summary.best else "")  # noqa: S704 - our own markup
