"""Two to four jobs side by side: in what they differ, what they found, and what that took."""

from html import escape
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from core.metrics import MetricName
from evolution.metric_words import words_of
from evolution.verdict import ArmVerdict, Verdict
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch, tagged
from service.api.query import id_form
from service.dashboard.drawings import draw_network
from service.dashboard.job_list import MOST_COMPARED
from service.dashboard.job_view import spent
from service.dashboard.spec_differences import differences
from service.dashboard.templating import templates
from service.errors import FieldError, JobNotFound, Unprocessable
from service.store.database import Database
from service.store.insights import Insights, JobSummary

COLORS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Of Okabe and Ito's palette: told apart by color-blind eyes, on light and on dark."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])

Chosen = Annotated[list[str], Query(max_length=MOST_COMPARED, description="Ids of the jobs")]


@router.get("/compare")
def show_comparison(
    request: Request, caller: CallerOf, database: DatabaseOf, job: Annotated[list[str] | None, Query()] = None
) -> HTMLResponse:
    """Show the chosen jobs side by side, or say what is to be chosen."""
    ids = list(dict.fromkeys(job or ()))
    if not 2 <= len(ids) <= MOST_COMPARED:
        return templates.TemplateResponse(request, "compare.html", {"chosen": len(ids), "compared": ()})
    summaries = _summaries(ids, caller.owner, database)
    context = {
        "chosen": len(ids),
        "compared": [_compared(summary) for summary in summaries],
        "differences": differences([summary.job.spec for summary in summaries]),
        "address": "&".join(f"job={one}" for one in ids),
        "steps": steps(summaries),
    }
    return templates.TemplateResponse(request, "compare.html", context)


@router.get("/compare/best-so-far")
def show_chart(
    caller: CallerOf,
    database: DatabaseOf,
    job: Chosen,
    format: str = "plotly",  # noqa: A002 - the word of the charts
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with the best scores so far of the jobs as one figure."""
    if format != "plotly":
        detail = "must be plotly"
        raise Unprocessable(f"?format: {detail}", errors=[FieldError("?format", detail)])
    return tagged(best_so_far_figure(_summaries(list(dict.fromkeys(job)), caller.owner, database)), if_none_match)


def best_so_far_figure(summaries: list[JobSummary]) -> dict[str, Any]:
    """Return a Plotly figure of the best score of each job after each of its candidates.

    Jobs whose metric is not that of the first are left out: their scores mean something else.
    """
    metric: MetricName = summaries[0].job.metric
    shown = [(place, one) for place, one in enumerate(summaries) if one.job.metric == metric and one.best_so_far]
    traces = []
    for place, summary in shown:
        search = summary.progress("search")
        numbers = [one.number for one in summary.best_so_far]
        scores = [one.fitness for one in summary.best_so_far]
        last = max(search.proposed - 1, numbers[-1])
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"{place + 1}: {_plain(summary.job.name)}",
                "x": [*numbers, last],
                "y": [*scores, scores[-1]],
                "line": {"shape": "hv", "color": COLORS[place], "dash": ("solid", "dash", "dot", "dashdot")[place]},
                "marker": {"size": 5},
            }
        )
    words = words_of(metric)
    left_out = len(summaries) - len(shown)
    note = f"Jobs not drawn, for want of a score of the same metric: {left_out}." if left_out else ""
    axis: dict[str, Any] = {"title": {"text": f"best validation {words.name} so far"}}
    if metric != "r2":
        axis |= {"tickformat": ".1%"}
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": "candidate"}},
            "yaxis": axis,
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.15},
            "meta": {
                "note": note,
                "summary": "Best validation score so far: "
                + "; ".join(f"job {place + 1} {words.number(one.best_so_far[-1].fitness)}" for place, one in shown),
            },
        },
    }


def steps(summaries: list[JobSummary]) -> list[tuple[int, list[float | None]]]:
    """Return the best score of each job after 1, 2, 4, 8 ... candidates, and after all of the longest."""
    longest = max(summary.progress("search").proposed for summary in summaries)
    after = [2**power for power in range(longest.bit_length()) if 2**power < longest]
    return [
        (count, [_best_after(summary, count) for summary in summaries])
        for count in ([*after, longest] if longest else [])
    ]


def _best_after(summary: JobSummary, count: int) -> float | None:
    """Return the best score among the first so many candidates; None where there were not so many."""
    if count > summary.progress("search").proposed:
        return None
    return max((one.fitness for one in summary.best_so_far if one.number < count), default=None)


def _summaries(ids: list[str], owner: str, database: Database) -> list[JobSummary]:
    if not all(id_form(one) for one in ids):
        raise JobNotFound("there is no job with this id")
    with database.read() as session:
        insights = Insights(session, owner)
        return [insights.summary(one) for one in ids]


def _compared(summary: JobSummary) -> dict[str, Any]:
    verdict = None if summary.job.verdict is None else Verdict.from_json(summary.job.verdict)
    arm: ArmVerdict | None = None if verdict is None else verdict.arm(verdict.evolved)
    network = arm.architecture if arm else summary.best.architecture if summary.best else None
    return {
        "summary": summary,
        "job": summary.job,
        "spent": spent(summary),
        "verdict": verdict,
        "arm": arm,
        "network": network,
        "drawing": Markup(draw_network(network)) if network else "",  # noqa: S704 - our own markup
        "epochs": sum(phase.epochs for phase in summary.phases),
        "seconds": sum(phase.seconds for phase in summary.phases),
    }


def _plain(name: str) -> str:
    """Return a name as Plotly shows it as it is: it would take markup in it for its own."""
    short = name if len(name) <= 40 else f"{name[:39]}…"
    return escape(short, quote=False)
