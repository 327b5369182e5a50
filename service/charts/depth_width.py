"""Depth and total width together: the mean score of the networks of each, and how many there are."""

import math

from evolution.answers import neuron_band, neurons_of
from service.charts.answers import band, mean_scores
from service.charts.chart import Chart, Column
from service.charts.figure import (
    Figure,
    axis,
    figure,
    named_score,
    score_format,
    score_range,
    score_title,
    unit_of,
    written,
)
from service.charts.source import ChartSource, notes


def depth_width(source: ChartSource) -> Chart:
    """Return a row for each depth and band of neurons that was tried."""
    metric = source.metric
    cells: dict[tuple[int, int, int], list[float]] = {}
    for architecture, score in mean_scores(source.rows.sample.unbiased).items():
        cells.setdefault((len(architecture.widths), *neuron_band(neurons_of(architecture))), []).append(score)
    table = tuple(
        (layers, least, most, len(scores), math.fsum(scores) / len(scores))
        for (layers, least, most), scores in sorted(cells.items())
    )
    best = max((row for row in table), key=lambda row: row[4], default=None)
    return Chart(
        name="depth-width",
        title="Depth and width",
        summary="No network has a score yet."
        if best is None
        else (
            f"The highest mean {named_score(metric)}, {written(metric, best[4])}, is that of {best[3]:,} "
            f"{'network' if best[3] == 1 else 'networks'} with {best[0]} {'layer' if best[0] == 1 else 'layers'} and "
            f"{band(best[1], best[2])} neurons in all."
        ),
        columns=(
            Column("layers", "Layers"),
            Column("least", "Neurons in all, from"),
            Column("most", "to"),
            Column("networks", "Networks"),
            Column("score", score_title(metric, "Mean validation"), unit_of(metric)),
        ),
        rows=table,
        note=notes(
            "Every network counts once, with the mean of its trainings; empty cells were not tried." if table else "",
            source.even_sampling(),
        ),
        metric=metric,
    )


def depth_width_figure(chart: Chart) -> Figure:
    """Draw a heat map; each cell bears its mean and its number of networks."""
    metric = chart.metric
    rows = chart.records("layers", "least", "most", "networks", "score")
    bands = sorted({(row[1], row[2]) for row in rows})
    depths = sorted({row[0] for row in rows})
    known = {(row[0], row[1]): row for row in rows}
    grid = [[known.get((depth, least)) for least, _ in bands] for depth in depths]
    written_as = score_format(metric, 1)
    shown = score_range([row[4] for row in rows])
    data = [
        {
            "type": "heatmap",
            "x": [band(least, most) for least, most in bands],
            "y": [str(depth) for depth in depths],
            "z": [[None if cell is None else cell[4] for cell in line] for line in grid],
            "text": [["" if cell is None else _cell(metric, cell) for cell in line] for line in grid],
            "texttemplate": "%{text}",
            "customdata": [[None if cell is None else cell[3] for cell in line] for line in grid],
            # Cividis looks the same to color-blind eyes; Plotly writes on it in black or white, as the cell needs.
            "colorscale": "Cividis",
            **({} if shown is None else {"zmin": shown[0], "zmax": shown[1]}),
            "xgap": 2,
            "ygap": 2,
            "hoverongaps": False,
            # Every cell bears its number. And a color bar sets styles that the pages' policy forbids.
            "showscale": False,
            "hovertemplate": (
                f"%{{y}} layers, %{{x}} neurons<br>mean %{{z:{written_as}}}<br>%{{customdata:,}} networks"
                "<extra></extra>"
            ),
        }
    ]
    return figure(
        chart,
        data,
        xaxis=axis("Neurons in all layers", type="category"),
        yaxis=axis("Layers", type="category"),
    )


def _cell(metric: object, cell: tuple[object, ...]) -> str:
    return f"{written(metric, cell[4])}<br>n = {cell[3]:,}"  # type: ignore[arg-type]
