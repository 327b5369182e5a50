"""One candidate: what it is, where it comes from, how it learned, and - trained again - what it does.

The page is there at once; what needs a training is fetched by static/candidate.js.
"""

import csv
import io
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from core.architecture import Architecture
from evolution.limits import OUT_OF_MEMORY, WORKER_DIED
from service.api.access import READ
from service.api.candidate_number import CandidateNumber, PhaseOf
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch, tagged
from service.api.query import JobId
from service.dashboard.candidate_curves import NamedCurve, curves_figure, curves_table
from service.dashboard.drawings import draw_network
from service.dashboard.family_tree import operator_words
from service.dashboard.job_view import PHASE_TITLES
from service.dashboard.templating import templates
from service.errors import CandidateNotFound
from service.store.database import Database
from service.store.entities import Phase
from service.store.insights import CandidateDetail, Insights, JobSummary
from service.store.kinship import children_of, curves_of, kin, median_curve

SHOWN_CHILDREN: Final = 24

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}/candidates/{number}")
def show_candidate(
    job_id: JobId,
    number: CandidateNumber,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    phase: PhaseOf = "search",
) -> HTMLResponse:
    """Show one candidate."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        detail = _candidate(Insights(session, caller.owner), summary, phase, number)
        parents = kin(session, job_id, phase, detail.line.parents)
        children = children_of(session, job_id, phase, number, SHOWN_CHILDREN)
    context = {
        "summary": summary,
        "job": summary.job,
        "phase": phase,
        "phase_title": PHASE_TITLES[phase],
        "proposed": summary.progress(phase).proposed,
        "best_number": summary.progress(phase).best_number,
        "line": detail.line,
        "best_epoch": _best_epoch(detail),
        "drawing": _drawn(detail.line.architecture),
        "parents": parents,
        "children": children,
        "operator_words": operator_words,
        "advice": None if detail.line.error is None else advice_for(detail.line.error),
    }
    return templates.TemplateResponse(request, "candidate.html", context)


@router.get("/jobs/{job_id}/candidates/{number}/drawing")
def show_drawing(
    job_id: JobId,
    number: CandidateNumber,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    phase: PhaseOf = "search",
) -> HTMLResponse:
    """Show a candidate's network and its score alone, as a part of another page."""
    with database.read() as session:
        insights = Insights(session, caller.owner)
        summary = insights.summary(job_id)
        line = _candidate(insights, summary, phase, number).line
    context = {"job": summary.job, "phase": phase, "line": line, "drawing": _drawn(line.architecture)}
    return templates.TemplateResponse(request, "_candidate_drawing.html", context)


@router.get("/jobs/{job_id}/candidates/{number}/curves")
def show_curves(
    job_id: JobId,
    number: CandidateNumber,
    caller: CallerOf,
    database: DatabaseOf,
    phase: PhaseOf = "search",
    format: Annotated[Literal["plotly", "json", "csv"], Query()] = "plotly",  # noqa: A002 - the word of the API
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with the candidate's learning curve beside those of its parents, the best and the median."""
    with database.read() as session:
        insights = Insights(session, caller.owner)
        summary = insights.summary(job_id)
        detail = _candidate(insights, summary, phase, number)
    curves = _curves(database, summary, phase, detail)
    if format == "csv":
        return Response(
            _csv(curves),
            media_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="cambrian-{job_id}-{phase}-{number}-curves.csv"'},
        )
    metric = summary.job.metric
    told = curves_figure(curves, metric) if format == "plotly" else curves_table(curves, metric, phase)
    return tagged(told, if_none_match)


def advice_for(error: str) -> str:
    """Return a way out for whoever meets a candidate that failed with this error."""
    if error == WORKER_DIED:
        return (
            "The process that trained it ended twice, most often because memory ran out. A smaller space, or fewer "
            "workers at once, leave each more memory."
        )
    if error == OUT_OF_MEMORY or error.startswith("out_of_memory"):
        return "Lower space.max_units, space.max_parameters or training.batch_size, or raise limits.memory_bytes."
    if error.startswith("timeout"):
        return "Raise limits.seconds, or lower training.epochs or the size of the networks."
    return (
        "The numbers grew beyond all bounds while it was trained. Some that diverge are usual, and the search "
        "learns from them; where many do, lower training.learning_rate or set training.clip_norm."
    )


def _candidate(insights: Insights, summary: JobSummary, phase: Phase, number: int) -> CandidateDetail:
    detail = insights.candidate(summary.job.id, phase, number)
    if detail is None:
        raise CandidateNotFound(
            f"the job has no candidate {number} in its phase {phase}; there are {summary.progress(phase).proposed:,}"
        )
    return detail


def _best_epoch(detail: CandidateDetail) -> int | None:
    if detail.line.fitness is None or not detail.curve:
        return None
    order = [(epoch.validation_score, -epoch.validation_loss, -place) for place, epoch in enumerate(detail.curve, 1)]
    return -max(order)[2]


def _curves(database: Database, summary: JobSummary, phase: Phase, detail: CandidateDetail) -> list[NamedCurve]:
    """Return the candidate's own curve first; what has none is left out."""
    number, best = detail.line.number, summary.progress(phase).best_number
    others = [each for each in detail.line.parents if each != best]
    with database.read() as session:
        stored = curves_of(session, summary.job.id, phase, {*others, *([] if best is None else [best])})
        middle, count = median_curve(session, summary.job.id, phase, summary.progress(phase).proposed)
    scores = {each: [epoch.validation_score for epoch in curve] for each, curve in stored.items()}
    curves = [NamedCurve(f"candidate {number}", "own", [epoch.validation_score for epoch in detail.curve])]
    if best in scores and best != number:
        parent = ", its parent" if best in detail.line.parents else ""
        curves.append(NamedCurve(f"the best, {best}{parent}", "best", scores[best]))
    curves += [NamedCurve(f"parent {each}", "parent", scores[each]) for each in others if each in scores]
    curves.append(NamedCurve(f"median of {count}", "median", middle))
    return [curve for curve in curves if curve.scores]


def _csv(curves: list[NamedCurve]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("curve", "epoch", "validation_score"))
    for curve in curves:
        writer.writerows((curve.name, epoch, repr(score)) for epoch, score in enumerate(curve.scores, 1))
    return text.getvalue()


def _drawn(architecture: Architecture) -> Markup:
    return Markup(draw_network(architecture))  # noqa: S704 - our own markup
