"""What the figures share: marks, axes and hover texts. A figure is a plain dict, as Plotly's JSON describes it.

Only marks have colors, from the palette of M. Okabe and K. Ito ("Color Universal Design", 2008), those of it that have
a contrast of 3 on white and on dark paper; the page colors the rest by its own scheme, and so does a notebook.
"""

from collections.abc import Sequence
from typing import Any, Final

from core.metrics import MetricName
from evolution.metric_words import words_of
from service.charts.chart import Chart

BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
GRAY: Final = "#808080"
"""For what stands behind: the palette's black would be lost on dark paper."""

MARKS: Final = (BLUE, VERMILLION, GREEN, GRAY)

Figure = dict[str, Any]

TAIL: Final = 10
"""A tenth of the scores may lie outside of the picture, where they would squeeze all others into a line."""


def figure(chart: Chart, data: Sequence[dict[str, Any]], *, links: bool = False, **layout: Any) -> Figure:
    """Put traces and layout together; a chart without rows has no traces.

    `links` says that the first number of a point's `customdata` is that of a candidate, which has a page.
    """
    meta = {"note": chart.note, "summary": chart.summary, "links": links}
    shown = [] if not chart.rows else list(data)
    return {
        "data": shown,
        "layout": {"meta": meta, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"}, **layout},
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Describe an axis."""
    return {"title": {"text": title}, **more}


def score_format(metric: MetricName, digits: int) -> str:
    """Return how d3 writes a score with so many digits behind the point of a percentage, or of R2 with one more."""
    return f",.{digits + 2}f" if metric == "r2" else f",.{digits}%"


def score_title(metric: MetricName, kind: str = "Validation") -> str:
    """Return the title of an axis of scores: "Validation accuracy (%)"."""
    return f"{kind} {words_of(metric).name}" + ("" if metric == "r2" else " (%)")


def score_axis(metric: MetricName, scores: Sequence[float]) -> dict[str, Any]:
    """Describe an axis of scores that shows at least nine tenths of them, and all unless the others lie far below."""
    described = axis(score_title(metric), tickformat=score_format(metric, 1 if _narrow(scores) else 0))
    shown = score_range(scores)
    return described if shown is None else {**described, "range": list(shown)}


def score_range(scores: Sequence[float]) -> tuple[float, float] | None:
    """Return the limits of the axis where some scores lie far below the others; None where all are to be seen."""
    if not scores:
        return None
    ordered = sorted(scores)
    low, best = ordered[len(ordered) // TAIL], ordered[-1]
    floor = low - 2 * (best - low)
    if ordered[0] >= floor:
        return None
    # Where nearly all scores are equal the axis still needs a length.
    margin = 0.05 * (best - floor) or 0.01
    return floor - margin, best + margin


def below_range(scores: Sequence[float]) -> str:
    """Say how many scores the axis does not show."""
    shown = score_range(scores)
    hidden = 0 if shown is None else sum(score < shown[0] for score in scores)
    if not hidden:
        return ""
    return f"{hidden:,} {'score lies' if hidden == 1 else 'scores lie'} below the picture; the table has them."


def _narrow(scores: Sequence[float]) -> bool:
    shown = score_range(scores) or (min(scores, default=0.0), max(scores, default=0.0))
    return shown[1] - shown[0] < 0.05


def hover(metric: MetricName, value: str = "y", *more: str) -> str:
    """Return the text over a candidate's point, whose `customdata` begins with number, architecture and parameters."""
    lines = (
        "candidate %{customdata[0]}",
        "%{customdata[1]}",
        "%{customdata[2]:,} parameters",
        f"{words_of(metric).name} %{{{value}:{score_format(metric, 2)}}}",
        *more,
    )
    return "<br>".join(lines) + "<extra></extra>"


def written(metric: MetricName, score: float) -> str:
    """Write a score as a sentence does after its name: "97.2 %"."""
    return words_of(metric).number(score)


def named_score(metric: MetricName) -> str:
    """Return "validation accuracy"."""
    return f"validation {words_of(metric).name}"


def unit_of(metric: MetricName) -> str:
    """Return the unit of a score in a table: shares of 1, or none for R2."""
    return "" if metric == "r2" else "share"
