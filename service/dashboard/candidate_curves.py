"""The learning curve of one candidate against those that it is to be compared with: a figure for Plotly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from core.metrics import MetricName
from evolution.metric_words import words_of

Kind = Literal["own", "best", "parent", "median"]

# Of Okabe and Ito's palette, with a contrast above 3 to the paper of both schemes; dashes tell them apart as well.
_LINES: Final[dict[Kind, dict[str, Any]]] = {
    "own": {"color": "#0072b2", "width": 3},
    "best": {"color": "#d55e00", "width": 2, "dash": "dash"},
    "parent": {"color": "#009e73", "width": 2, "dash": "dot"},
    "median": {"color": "#7d8b97", "width": 2, "dash": "longdashdot"},
}


@dataclass(frozen=True, slots=True)
class NamedCurve:
    """Validation scores after each epoch, under a name."""

    name: str
    kind: Kind
    scores: Sequence[float]


def curves_figure(curves: Sequence[NamedCurve], metric: MetricName) -> dict[str, Any]:
    """Return the figure; the first curve is the candidate's own."""
    words = words_of(metric)
    own = curves[0] if curves else None
    summary = f"Validation {words.name} after each epoch"
    if own is not None:
        best = max(own.scores)
        told = words.number(best) if metric == "r2" else f"{best:.1%}"
        summary += f": {own.name} reaches {told} in epoch {own.scores.index(best) + 1}"
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
            "xaxis": {
                "title": {"text": "Epoch"},
                "dtick": max(1, max((len(each.scores) for each in curves), default=1) // 10),
            },
            "yaxis": {
                "title": {"text": f"Validation {words.name}"},
                **({} if metric == "r2" else {"tickformat": ".1%"}),
            },
            "legend": {"orientation": "h", "y": -0.25},
            "hovermode": "x unified",
            "meta": {"summary": summary, "note": ""},
        },
    }
