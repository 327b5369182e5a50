"""Parallel coordinates as lines: Plotly's own kind of trace for them needs WebGL and what a strict policy forbids.

Each candidate is a line from axis to axis, the better its score the darker. Nothing can be brushed in such a picture,
but it prints, and it shows what the good ones have in common.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_SHADES: Final = ("#b9c4cc", "#9bb8cc", "#5f9fc9", "#0072b2", "#d55e00")
"""From the worst fifth to the best: the last one stands out."""


def drawable(figure: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a figure as it is, or one of parallel coordinates as lines."""
    traces = [trace for trace in figure["data"] if trace.get("type") == "parcoords"]
    return figure if not traces else {"data": _lines(traces[0]), "layout": _layout(traces[0], figure["layout"])}


def _lines(trace: Mapping[str, Any]) -> list[dict[str, Any]]:
    dimensions = trace["dimensions"]
    heights = [_heights(dimension) for dimension in dimensions]
    scores = trace["line"]["color"]
    # The best are drawn last, above the others.
    order = sorted(range(len(scores)), key=lambda row: scores[row])
    places = list(range(len(dimensions)))
    found = []
    for shade, color in enumerate(_SHADES):
        rows = order[shade * len(order) // len(_SHADES) : (shade + 1) * len(order) // len(_SHADES)]
        # One trace with gaps in it: a path of the picture for each line would be thousands.
        x = [place for _ in rows for place in (*places, None)]
        y = [height for row in rows for height in (*(one[row] for one in heights), None)]
        share = f"{20 * shade} to {20 * (shade + 1)} %" if shade else "the worst fifth"
        name = "the best fifth" if shade == len(_SHADES) - 1 else share
        line = {"color": color, "width": 1}
        found.append(
            {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "name": name, "hoverinfo": "skip"}
        )
    return found


def _layout(trace: Mapping[str, Any], layout: Mapping[str, Any]) -> dict[str, Any]:
    labels = [dimension["label"] for dimension in trace["dimensions"]]
    # On two lines, or the last name would stand beyond the edge, where Plotly hides it.
    names = [label.replace(" ", "<br>", 1) for label in labels]
    ends = [_ends(dimension) for dimension in trace["dimensions"]]
    marks = [
        {"x": place, "y": y, "text": text, "showarrow": False, "yshift": 12 if y else -12, "xref": "x", "yref": "y"}
        for place, texts in enumerate(ends)
        for y, text in zip((0, 1), texts, strict=True)
    ]
    return {
        **layout,
        "xaxis": {"tickvals": list(range(len(labels))), "ticktext": names, "range": [-0.4, len(labels) - 0.6]},
        "yaxis": {"visible": False, "range": [-0.12, 1.12]},
        "annotations": marks,
    }


def _limits(dimension: Mapping[str, Any]) -> tuple[float, float]:
    given: Sequence[float] = dimension.get("range") or dimension["values"]
    return min(given), max(given)


def _heights(dimension: Mapping[str, Any]) -> list[float]:
    low, high = _limits(dimension)
    length = (high - low) or 1.0
    # Scores that lie below the picture begin at its lower edge.
    return [round(min(max((value - low) / length, 0.0), 1.0), 4) for value in dimension["values"]]


def _ends(dimension: Mapping[str, Any]) -> tuple[str, str]:
    """Return what stands at the lower and the upper end of an axis."""
    texts = dict(zip(dimension.get("tickvals", ()), dimension.get("ticktext", ()), strict=True))
    low, high = _limits(dimension)
    if low in texts and high in texts:
        return str(texts[low]), str(texts[high])
    if texts:
        # A logarithmic axis: what is marked on it are powers.
        return f"{10**low:,.4g}", f"{10**high:,.4g}"
    scale = 100 if dimension["label"].endswith("(%)") else 1
    return f"{scale * low:,.4g}", f"{scale * high:,.4g}"
