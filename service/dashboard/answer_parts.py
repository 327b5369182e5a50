"""The parts of a job's answers that are fetched when they are looked at: operators, the film, smaller budgets.

Each is made once for each state of the job, however many people look.
"""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import Response

from core.metrics import MetricName
from evolution.metric_words import words_of
from evolution.wording import counted, percent
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch
from service.api.query import JobId
from service.dashboard.drawings import draw_network
from service.dashboard.family_tree import operator_words, origin_words
from service.dashboard.film import draw_strip, frame_numbers, frames
from service.dashboard.fragments import Fragments, FragmentsOf, part
from service.dashboard.smaller_budgets import smaller_budgets
from service.dashboard.templating import templates
from service.store.chart_rows import ChartRows
from service.store.database import Database
from service.store.insights import Insights, JobSummary
from service.store.track_record import AGAIN, Calibration, track_record

FEW_PREDICTIONS: Final = 20
RELIABLE: Final = 0.85
"""Fewer hits within two standard deviations than this are no chance, from a few dozen predictions on."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}/answers/film")
def show_film(
    job_id: JobId,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    fragments: FragmentsOf,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show the frames of the film, all hidden, and the strip of scores."""
    text = _made("_film.html", _film, job_id, request, caller.owner, database, fragments)
    return part(text, if_none_match)


@router.get("/jobs/{job_id}/answers/operators")
def show_operators(
    job_id: JobId,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    fragments: FragmentsOf,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show how the operators did, and how the predictions."""
    text = _made("_operators.html", _operators, job_id, request, caller.owner, database, fragments)
    return part(text, if_none_match)


@router.get("/jobs/{job_id}/answers/less")
def show_less(
    job_id: JobId,
    request: Request,
    caller: CallerOf,
    database: DatabaseOf,
    fragments: FragmentsOf,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show what half of the candidates and a quarter of them would have recommended."""
    text = _made("_less.html", _less, job_id, request, caller.owner, database, fragments)
    return part(text, if_none_match)


def calibration_sentence(found: Calibration, metric: MetricName) -> str:
    """Say how far the search's predictions could be relied on: their hit rate against what a normal belief promises."""
    words = words_of(metric)
    error = words.difference(found.mean_absolute_error).lstrip("+")
    told = (
        f"{counted(found.predictions, 'score').capitalize()} had been predicted before the training: "
        f"{percent(found.within_one)} of them fell within one standard deviation of the prediction, and "
        f"{percent(found.within_two)} within two, where {percent(0.683)} and {percent(0.954)} would be right. On "
        f"average the prediction was off by {error}."
    )
    if found.predictions < FEW_PREDICTIONS:
        return f"{told} So few say little."
    if found.within_two < RELIABLE:
        return f"{told} The search was surer than it could be."
    return told


def _made(
    template: str,
    ask: Callable[[Session, JobSummary], dict[str, Any]],
    job_id: str,
    request: Request,
    owner: str,
    database: Database,
    fragments: Fragments,
) -> str:
    """Return a part as it is for the job's present state. Raises JobNotFound."""
    with database.read() as session:
        job = Insights(session, owner).summary(job_id).job

    def make() -> str:
        with database.read() as session:
            summary = Insights(session, owner).summary(job_id)
            context = {"job": summary.job, **ask(session, summary)}
        return bytes(templates.TemplateResponse(request, template, context).body).decode()

    return fragments.get((template, job_id, job.status, job.event_count), make)


def _film(session: Session, summary: JobSummary) -> dict[str, Any]:
    search = summary.progress("search")
    numbers = frame_numbers(search.proposed, search.improvements)
    wanted = {*numbers, *(one.number for one in search.improvements)}
    rows = ChartRows(session, summary.job.id, "search", search.proposed).numbered(wanted)
    shown = frames(numbers, {row.number: row for row in rows}, search.improvements)
    drawings: dict[int, Markup] = {}
    for frame in shown:
        if frame.best is not None and frame.best.number not in drawings:
            drawings[frame.best.number] = Markup(draw_network(frame.best.architecture))  # noqa: S704 - our own markup
    return {
        "frames": shown,
        "drawings": drawings,
        "origin_words": origin_words,
        "strip": Markup(draw_strip(shown, words_of(summary.job.metric))),  # noqa: S704 - our own markup
    }


def _operators(session: Session, summary: JobSummary) -> dict[str, Any]:
    record = track_record(session, summary.job.id, "search")
    told = None if record.calibration is None else calibration_sentence(record.calibration, summary.job.metric)
    return {"record": record, "told": told, "again": AGAIN, "operator_words": operator_words}


def _less(session: Session, summary: JobSummary) -> dict[str, Any]:
    return {"sentences": smaller_budgets(session, summary)}
