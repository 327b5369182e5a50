"""The answers of a job: was it worth it, what structure does it take, where does the network come from, what worked.

The page itself asks for nothing that grows with the number of candidates. What takes longer than a glance, the success
of the operators, the film and the smaller budgets, is a fragment of its own, fetched by the page when it is looked at.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from core.metrics import MetricName
from evolution.metric_words import words_of
from evolution.verdict import Verdict
from evolution.wording import counted, percent
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.query import JobId
from service.dashboard.drawings import draw_network
from service.dashboard.family_tree import FamilyTree, draw_family_tree, fold, nearest, operator_words, origin_words
from service.dashboard.film import draw_strip, frame_numbers, frames
from service.dashboard.smaller_budgets import smaller_budgets
from service.dashboard.templating import templates
from service.store.chart_rows import ChartRows
from service.store.database import Database
from service.store.insights import Insights
from service.store.lineage import ancestors
from service.store.track_record import AGAIN, Calibration, track_record
from service.store.winner import first_candidate_of

FEW_PREDICTIONS: Final = 20
RELIABLE: Final = 0.85
"""Fewer hits within two standard deviations than this are no chance, from a few dozen predictions on."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}/answers")
def show_answers(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show the answers, or what is known so far."""
    root = request.scope.get("root_path", "")
    return templates.TemplateResponse(request, "answers.html", answers_context(job_id, caller.owner, database, root))


@router.get("/jobs/{job_id}/answers/film")
def show_film(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show the frames of the film, all but the first hidden, and the strip of scores."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        search = summary.progress("search")
        numbers = frame_numbers(search.proposed, search.improvements)
        wanted = {*numbers, *(one.number for one in search.improvements)}
        rows = ChartRows(session, job_id, "search", search.proposed).numbered(wanted)
    shown = frames(numbers, {row.number: row for row in rows}, search.improvements)
    drawings: dict[int, Markup] = {}
    for frame in shown:
        if frame.best is not None and frame.best.number not in drawings:
            drawings[frame.best.number] = Markup(draw_network(frame.best.architecture))  # noqa: S704 - our own markup
    context = {
        "summary": summary,
        "job": summary.job,
        "frames": shown,
        "drawings": drawings,
        "origin_words": origin_words,
        "strip": Markup(draw_strip(shown, words_of(summary.job.metric))),  # noqa: S704 - our own markup
    }
    return templates.TemplateResponse(request, "_film.html", context)


@router.get("/jobs/{job_id}/answers/operators")
def show_operators(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show how the operators did, and how the predictions."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        record = track_record(session, job_id, "search")
    told = None if record.calibration is None else calibration_sentence(record.calibration, summary.job.metric)
    context = {"job": summary.job, "record": record, "told": told, "again": AGAIN, "operator_words": operator_words}
    return templates.TemplateResponse(request, "_operators.html", context)


@router.get("/jobs/{job_id}/answers/less")
def show_less(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show what half of the candidates and a quarter of them would have recommended."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        sentences = smaller_budgets(session, summary)
    return templates.TemplateResponse(request, "_less.html", {"job": summary.job, "sentences": sentences})


def answers_context(job_id: str, owner: str, database: Database, root: str) -> dict[str, Any]:
    """Return what the page shows. Raises JobNotFound."""
    with database.read() as session:
        summary = Insights(session, owner).summary(job_id)
        verdict = None if summary.job.verdict is None else Verdict.from_json(summary.job.verdict)
        found = None if verdict is None else verdict.arm(verdict.evolved)
        number = None if found is None else first_candidate_of(session, job_id, found.architecture)
        of_verdict = number is not None
        if number is None:
            number = summary.progress("search").best_number
        family, complete = ((), True) if number is None else ancestors(session, job_id, number)
    tree = nearest(fold(family), complete=complete) if family else None
    words = words_of(summary.job.metric)
    drawing = "" if tree is None else draw_family_tree(tree, words, f"{root}/jobs/{job_id}/candidates")
    return {
        "summary": summary,
        "job": summary.job,
        "verdict": verdict,
        "tree": tree,
        "tree_drawing": Markup(drawing),  # noqa: S704 - our own markup
        "family_sentence": "" if tree is None else family_sentence(tree, of_verdict=of_verdict),
        "operator_words": operator_words,
    }


def family_sentence(tree: FamilyTree, *, of_verdict: bool) -> str:
    """Say where a network comes from."""
    one = tree.ancestors[0]
    which = "The network of the verdict" if of_verdict else "The best network so far"
    told = f"{which} was first candidate {one.number:,} of the search"
    before = len(tree.ancestors) - 1 + tree.older
    if not before:
        return f"{told}: {origin_words(one.operator)}, without ancestors."
    steps = max(other.generation for other in tree.ancestors)
    return (
        f"{told}, {origin_words(one.operator)}. {counted(before, 'other network').capitalize()} "
        f"{'is' if before == 1 else 'are'} among its ancestors, over {counted(steps, 'generation')}."
    )


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
