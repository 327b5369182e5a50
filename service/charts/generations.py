"""The steps of the search, for a film: each network that was better than all before it, and where it came from."""

from service.charts.chart import Chart, Column
from service.charts.figure import (
    BLUE,
    Figure,
    axis,
    figure,
    hover,
    named_score,
    score_axis,
    score_title,
    unit_of,
    written,
)
from service.charts.source import ChartSource


def generations(source: ChartSource) -> Chart:
    """Return a row for each improvement, by number; exact, however many candidates there are."""
    metric, unit = source.metric, unit_of(source.metric)
    steps = source.progress.improvements
    known = {row.number: row for row in source.rows.numbered({step.number for step in steps})}
    table = []
    before: float | None = None
    for place, step in enumerate(steps, start=1):
        row = known[step.number]
        table.append(
            (
                place,
                step.number,
                step.fitness,
                None if before is None else step.fitness - before,
                row.parents,
                row.operator,
                row.architecture.describe(),
                row.parameters,
                row.layers,
                row.neurons,
            )
        )
        before = step.fitness
    return Chart(
        name="generations",
        title="Generations",
        summary=_summary(source),
        columns=(
            Column("step", "Step"),
            Column("candidate", "Candidate"),
            Column("score", score_title(metric), unit),
            Column("gain", "Better than the step before by", unit),
            Column("parents", "Parents"),
            Column("operator", "Made by"),
            Column("architecture", "Network"),
            Column("parameters", "Parameters"),
            Column("layers", "Layers"),
            Column("neurons", "Neurons in all"),
        ),
        rows=tuple(table),
        note="",
        metric=metric,
    )


def generations_figure(chart: Chart) -> Figure:
    """Draw the steps, each with what made it."""
    rows = chart.records("candidate", "architecture", "parameters", "score", "operator")
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "step",
            "x": [row[0] for row in rows],
            "y": [row[3] for row in rows],
            "customdata": rows,
            "line": {"shape": "hv", "color": BLUE, "width": 2},
            "marker": {"color": BLUE, "size": 9},
            "hovertemplate": hover(chart.metric, "y", "made by %{customdata[4]}"),
        }
    ]
    return figure(
        chart,
        data,
        links=True,
        xaxis=axis("Candidate number"),
        yaxis=score_axis(chart.metric, [row[3] for row in rows]),
        hovermode="closest",
        showlegend=False,
    )


def _summary(source: ChartSource) -> str:
    steps = source.progress.improvements
    if not steps:
        return "No candidate has a score yet."
    metric = source.metric
    return (
        f"{len(steps):,} {'step' if len(steps) == 1 else 'steps'} from a {named_score(metric)} of "
        f"{written(metric, steps[0].fitness)} with candidate {steps[0].number} to "
        f"{written(metric, steps[-1].fitness)} with candidate {steps[-1].number}."
    )
