"""The learning curve of one candidate against those that it is to be compared with: a figure for Plotly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from core.metrics import MetricName
from evolution.metric_words import words_of
from service.charts.figure import BLUE, GRAY, GREEN, VERMILLION, Figure, axis, score_axis

Kind = Literal["own", "best", "parent", "median"]

# Dashes tell them apart as well.
_LINES: Final[dict[Kind, dict[str, Any]]] = {
    "own": {"color": BLUE, "width": 3},
    "best": {"color": VERMILLION, "width": 2, "dash": "dash"},
    "parent": {"color": GREEN, "width": 2, "dash": "dot"},
    "median": {"color": GRAY, "width": 2, "dash": "longdashdot"},
}


@dataclass(frozen=True, slots=True)
class NamedCurve:
    """Validation scores after each epoch, under a name."""

    name: str
    kind: Kind
    scores: Sequence[float]


def curves_figure(curves: Sequence[NamedCurve], metric: MetricName) -> Figure:
    """Return the figure; the first curve is the candidate's own."""
    words = words_of(metric)
    own = curves[0] if curves else None
    summary = f"Validation {words.name} after each epoch"
    if own is not None:
        best = max(own.scores)
        summary += f": {own.name} reaches {words.number(best)} in epoch {own.scores.index(best) + 1}"
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers" if len(curve.scores) == 1 else "lines",
                "name": curve.name,
                "x": list(range(1, len(curve.scores) + 1)),
                "y": list(curve.scores),
                "line": _LINES[curve.kind],
                "hovertemplate": "epoch %{x}: %{y:.4f}<extra>%{fullData.name}</extra>",
            }
            for curve in curves
        ],
        "layout": {
            # Whole epochs only, and no more of them than can be read.
            "xaxis": axis("Epoch", dtick=max(1, max((len(each.scores) for each in curves), default=1) // 10)),
            "yaxis": score_axis(metric, [score for curve in curves for score in curve.scores]),
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
            "hovermode": "x unified",
            "meta": {"summary": summary, "note": ""},
        },
    }


def curves_table(curves: Sequence[NamedCurve], metric: MetricName, phase: str) -> dict[str, Any]:
    """Return the numbers of the figure as a table, in the form of the charts of a job."""
    return {
        "title": "Learning curves",
        "phase": phase,
        "columns": [
            {"name": "curve", "title": "Curve", "unit": ""},
            {"name": "epoch", "title": "Epoch", "unit": ""},
            {
                "name": "score",
                "title": f"Validation {words_of(metric).name}",
                "unit": "" if metric == "r2" else "share",
            },
        ],
        "rows": [[curve.name, epoch, score] for curve in curves for epoch, score in enumerate(curve.scores, 1)],
    }
