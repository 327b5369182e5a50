"""The page of one job: what it found so far, live, and what it came to.

The page is followed by `static/live.js`: what an event tells is written at once, and three parts of the page are asked
for when they have changed, each made once for all who watch. A part is elements with ids, which take the place of
those of the page.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import Response

from evolution.verdict import Verdict
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch
from service.api.job_responses import time_left
from service.api.query import JobId
from service.dashboard.drawings import draw_network, draw_thumbnail
from service.dashboard.fragments import FragmentsOf, part
from service.dashboard.job_view import (
    PHASE_TITLES,
    downloads,
    recommendation,
    spent,
    uncertainty_of_best,
)
from service.dashboard.templating import templates
from service.store.failures import LOOKED_AT, latest_failures
from service.store.insights import Insights, JobSummary
from service.store.job_repository import JobRepository

SHOWN_CANDIDATES: Final = 10
SHOWN_EVENTS: Final = 40
"""Events of before the page was opened that it is told again, for its list of the latest candidates."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}")
def show_job(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show one job; the page follows it by itself."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        context = {
            "summary": summary,
            "job": summary.job,
            "phase_titles": PHASE_TITLES,
            "can_change": "submit" in caller.scopes,
            "told_again": min(SHOWN_EVENTS, summary.job.event_count),
            **_best(session, caller.owner, summary),
            **_work(session, caller.owner, summary),
            **_outcome(session, caller.owner, summary),
        }
    return templates.TemplateResponse(request, "job.html", context)


@router.get("/jobs/{job_id}/best")
def show_best(
    job_id: JobId,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    fragments: FragmentsOf,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show the best network so far, or that of the verdict, and its score."""
    with database.read() as session:
        insights = Insights(session, caller.owner)
        summary = insights.summary(job_id)
    search = summary.progress("search")

    def make() -> str:
        with database.read() as session:
            now = Insights(session, caller.owner).summary(job_id)
            context = {"summary": now, "job": now.job, **_best(session, caller.owner, now)}
        return _rendered(request, "_best.html", context)

    key = ("best", job_id, summary.job.finished, search.best_number, search.best_fitness)
    return part(fragments.get(key, make), if_none_match)


@router.get("/jobs/{job_id}/work")
def show_work(
    job_id: JobId,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    fragments: FragmentsOf,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show what is spent and left, the phases, the failures and the best candidates."""
    with database.read() as session:
        job = JobRepository(session, caller.owner).get(job_id)

    def make() -> str:
        with database.read() as session:
            summary = Insights(session, caller.owner).summary(job_id)
            context = {"summary": summary, "job": summary.job, "phase_titles": PHASE_TITLES}
            context |= _work(session, caller.owner, summary)
        return _rendered(request, "_work.html", context)

    return part(fragments.get(("work", job_id, job.status, job.event_count), make), if_none_match)


@router.get("/jobs/{job_id}/outcome")
def show_outcome(
    job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf, if_none_match: IfNoneMatch = None
) -> Response:
    """Show what a job came to; empty before its end."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        context = {"summary": summary, "job": summary.job, **_outcome(session, caller.owner, summary)}
    return part(_rendered(request, "_outcome.html", context), if_none_match)


def _best(session: Session, owner: str, summary: JobSummary) -> dict[str, Any]:
    best = summary.best
    return {
        "best": best,
        "uncertainty": uncertainty_of_best(session, owner, summary),
        "drawing": _markup(draw_network(best.architecture)) if best else None,
    }


def _work(session: Session, owner: str, summary: JobSummary) -> dict[str, Any]:
    leaders = Insights(session, owner).candidates(summary.job.id, page_size=SHOWN_CANDIDATES, sort="fitness").lines
    failed = [one.phase for one in summary.phases if one.failed]
    return {
        "leaders": [(line, _markup(draw_thumbnail(line.architecture))) for line in leaders if line.fitness is not None],
        "failures": latest_failures(session, summary.job.id, failed),
        "failures_looked_at": LOOKED_AT,
        "spent": spent(summary),
        "left": time_left(session, summary),
    }


def _outcome(session: Session, owner: str, summary: JobSummary) -> dict[str, Any]:
    verdict = None if summary.job.verdict is None else Verdict.from_json(summary.job.verdict)
    recommended = None if verdict is None else recommendation(verdict)
    return {
        "verdict": verdict,
        "recommended": recommended,
        "drawings": {}
        if recommended is None
        else {
            one.name: _markup(draw_network(one.architecture)) for one in (recommended.best, recommended.smallest) if one
        },
        "downloads": downloads(session, owner, summary.job.id) if summary.job.finished else (),
    }


def _markup(drawing: str) -> Markup:
    return Markup(drawing)  # noqa: S704 - our own markup, made of numbers and fixed words


def _rendered(request: Request, template: str, context: dict[str, Any]) -> str:
    return bytes(templates.TemplateResponse(request, template, context).body).decode()
