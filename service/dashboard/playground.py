"""The playground: what networks answer everywhere in the plane of two features, from the first idea to the best.

The maps are made by examinations; static/playground.js asks for them and draws them.
"""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.query import JobId
from service.dashboard.templating import has_two_features, templates
from service.errors import NotFound
from service.store.insights import Insights
from service.store.progress import Improvement

FRAMES: Final = 40
"""A film has so many pictures at most; each is a training."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}/playground")
def show_playground(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show the maps of a job on two features. Raises NotFound for any other job."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
    if not has_two_features(summary):
        raise NotFound("the playground is for jobs whose data have two features, which this job's have not")
    frames = film(summary.best_so_far)
    context = {
        "summary": summary,
        "job": summary.job,
        "frames": [[frame.number, frame.fitness] for frame in frames],
        "left_out": len(summary.best_so_far) - len(frames),
        "proposed": summary.progress("search").proposed,
    }
    return templates.TemplateResponse(request, "playground.html", context)


def film(improvements: tuple[Improvement, ...]) -> tuple[Improvement, ...]:
    """Return the improvements that a film shows: all, or 40 spread evenly with the first and the last among them."""
    if len(improvements) <= FRAMES:
        return improvements
    last = len(improvements) - 1
    return tuple(improvements[round(place * last / (FRAMES - 1))] for place in range(FRAMES))
