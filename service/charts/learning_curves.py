"""Learning curves one above the other: those of the best candidates, and of a few others for comparison."""

from typing import Final

from service.charts.chart import Cell, Chart, Column
from service.charts.figure import (
    BLUE,
    GRAY,
    VERMILLION,
    Figure,
    axis,
    below_range,
    figure,
    hover,
    named_score,
    score_axis,
    score_title,
    unit_of,
    written,
)
from service.charts.source import ChartSource, finite, notes, scored

BEST: Final = 20
OTHERS: Final = 10
FEW_EPOCHS: Final = 10
"""So many get a tick each; there is no half epoch."""

_STYLES: Final = {
    "other": {"color": GRAY, "width": 1},
    "one of the best": {"color": BLUE, "width": 1.5},
    "the best": {"color": VERMILLION, "width": 3},
}


def learning_curves(source: ChartSource) -> Chart:
    """Return one row per epoch of each curve, the curves by rank; of replicates the first one's."""
    metric = source.metric
    ranked = sorted(scored(source.rows.sample.rows), key=lambda pair: (-pair[1], pair[0].parameters, pair[0].number))
    best, rest = ranked[:BEST], ranked[BEST:]
    others = [rest[place * len(rest) // OTHERS] for place in range(OTHERS)] if len(rest) > OTHERS else rest
    groups = ["the best", *["one of the best"] * (len(best) - 1)][: len(best)] + ["other"] * len(others)
    shown = [row for row, _ in [*best, *others]]
    curves = source.rows.curves({row.number for row in shown})
    table: list[tuple[Cell, ...]] = []
    for row, group in zip(shown, groups, strict=True):
        table += [
            (
                row.number,
                row.architecture.describe(),
                row.parameters,
                group,
                place,
                finite(epoch.train_loss),
                finite(epoch.validation_loss),
                finite(epoch.validation_score),
            )
            for place, epoch in enumerate(curves.get(row.number, ()), start=1)
        ]
    return Chart(
        name="learning-curves",
        title="Learning curves",
        summary=_summary(source, len(best), table),
        columns=(
            Column("candidate", "Candidate"),
            Column("architecture", "Network"),
            Column("parameters", "Parameters"),
            Column("group", "Group"),
            Column("epoch", "Epoch"),
            Column("train_loss", "Training loss"),
            Column("validation_loss", "Validation loss"),
            Column("score", score_title(metric), unit_of(metric)),
        ),
        rows=tuple(table),
        note=notes(
            f"The curves of the best {len(best)} candidates and of {len(others)} others, evenly spaced by rank."
            if others
            else "",
            "Of replicates the first one is shown." if any(row.standard_error is not None for row in shown) else "",
            below_range([row[7] for row in table if isinstance(row[7], float)]),
        ),
        metric=metric,
    )


def learning_curves_figure(chart: Chart) -> Figure:
    """Draw a line for each candidate; the best one lies above the others."""
    metric = chart.metric
    lines: dict[int, list[tuple[object, ...]]] = {}
    for row in chart.records("candidate", "architecture", "parameters", "group", "epoch", "score"):
        lines.setdefault(row[0], []).append(row)
    order = list(_STYLES)
    data = []
    named = set()
    # What is drawn last lies above; the best of a group comes last.
    drawn = list(lines.values())[::-1]
    drawn.sort(key=lambda line: order.index(str(line[0][3])))
    for points in drawn:
        group = str(points[0][3])
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(points) == 1 else "lines",
                "name": group,
                "legendgroup": group,
                "showlegend": group not in named,
                "x": [point[4] for point in points],
                "y": [point[5] for point in points],
                "customdata": [point[:3] for point in points],
                "line": dict(_STYLES[group]),
                "opacity": 0.6 if group == "other" else 1,
                "hovertemplate": hover(metric, "y", "epoch %{x}"),
            }
        )
        named.add(group)
    scores = [score for score in chart.column("score") if score is not None]
    return figure(
        chart,
        data,
        links=True,
        xaxis=axis("Epoch", **({"dtick": 1} if max(chart.column("epoch"), default=0) <= FEW_EPOCHS else {})),
        yaxis=score_axis(metric, scores),
        hovermode="closest",
    )


def _summary(source: ChartSource, best: int, table: list[tuple[Cell, ...]]) -> str:
    reached = [(row[7], row[4]) for row in table if row[3] == "the best" and isinstance(row[7], float)]
    if not reached:
        return "No candidate has a learning curve yet."
    (first, _), (last, epochs) = reached[0], reached[-1]
    told, end = named_score(source.metric), written(source.metric, last)
    if last > first:
        start = written(source.metric, first)
        return (
            f"The best of {best} curves rises from a {told} of {start} after its first epoch to {end} after {epochs}."
        )
    return f"The best of {best} curves ends at a {told} of {end} after epoch {epochs}."
