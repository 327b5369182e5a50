"""Every candidate as a line through its properties and its score: parallel coordinates."""

import math
from collections.abc import Sequence
from typing import Any

from service.charts.chart import Cell, Chart, Column
from service.charts.figure import Figure, figure, named_score, score_range, score_title, unit_of, written
from service.charts.source import ChartSource, notes, scored


def parallel(source: ChartSource) -> Chart:
    """Return the candidates with a score by number; `activation` is that of the first layer."""
    metric = source.metric
    found = scored(source.rows.sample.rows)
    best = max(found, key=lambda pair: (pair[1], -pair[0].parameters, -pair[0].number), default=None)
    return Chart(
        name="parallel",
        title="Parallel coordinates",
        summary="No candidate has a score yet."
        if best is None
        else (
            f"{len(found):,} candidates, each a line through its properties to its {named_score(metric)}; the best, "
            f"{written(metric, best[1])}, has {best[0].layers} {'layer' if best[0].layers == 1 else 'layers'} and "
            f"{best[0].neurons:,} neurons."
        ),
        columns=(
            Column("candidate", "Candidate"),
            Column("architecture", "Network"),
            Column("layers", "Layers"),
            Column("neurons", "Neurons in all"),
            Column("first_width", "Width of the first layer"),
            Column("parameters", "Parameters"),
            Column("seconds", "CPU time", "s"),
            Column("epochs", "Epochs"),
            Column("activation", "Activation"),
            Column("score", score_title(metric), unit_of(metric)),
        ),
        rows=tuple(
            (
                row.number,
                row.architecture.describe(),
                row.layers,
                row.neurons,
                next(iter(row.architecture.widths), None),
                row.parameters,
                row.seconds,
                row.epochs,
                next(iter(row.architecture.activations), "none"),
                score,
            )
            for row, score in found
        ),
        note=notes(source.sampling()),
        metric=metric,
    )


def parallel_figure(chart: Chart) -> Figure:
    """Draw it for notebooks; a page cannot, since this kind of trace needs WebGL, and has a view of its own."""
    scores: list[float] = chart.column("score")
    shown = score_range(scores)
    dimensions = [
        {"label": "Layers", "values": chart.column("layers")},
        _logarithmic("Neurons in all", chart.column("neurons")),
        _logarithmic("First width", [width or 0 for width in chart.column("first_width")]),
        _logarithmic("Parameters", chart.column("parameters")),
        _logarithmic("CPU seconds", chart.column("seconds")),
        {"label": "Epochs", "values": chart.column("epochs")},
        _named("Activation", chart.column("activation")),
        {"label": score_title(chart.metric), "values": scores, **({} if shown is None else {"range": list(shown)})},
    ]
    line = {
        "color": scores,
        "colorscale": "Cividis",
        **({} if shown is None else {"cmin": shown[0], "cmax": shown[1]}),
    }
    return figure(chart, [{"type": "parcoords", "dimensions": dimensions, "line": line}])


def _logarithmic(label: str, values: Sequence[float]) -> dict[str, Any]:
    """Place positive numbers by their logarithm; 0 stands where 1 does, or the smallest of smaller ones."""
    positive = [value for value in values if value > 0]
    least = min([*positive, 1])
    logs = [math.log10(max(value, least)) for value in values]
    powers = range(math.floor(min(logs, default=0)), math.ceil(max(logs, default=0)) + 1)
    return {
        "label": label,
        "values": logs,
        "tickvals": list(powers),
        "ticktext": [f"{10.0**power:,g}" for power in powers],
    }


def _named(label: str, names: Sequence[Cell]) -> dict[str, Any]:
    known = sorted({str(name) for name in names})
    places = list(range(len(known)))
    return {"label": label, "values": [known.index(str(name)) for name in names], "tickvals": places, "ticktext": known}
