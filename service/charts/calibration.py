"""What the search believed before each training against what came of it."""

from service.charts.best_so_far import chart_scores
from service.charts.chart import Chart, Column
from service.charts.figure import (
    BLUE,
    GRAY,
    Figure,
    axis,
    below_range,
    figure,
    hover,
    score_axis,
    score_format,
    score_title,
    unit_of,
)
from service.charts.source import ChartSource, notes, scored


def calibration(source: ChartSource) -> Chart:
    """Return the candidates that were predicted and fully trained, by number."""
    metric, unit, sample = source.metric, unit_of(source.metric), source.rows.sample
    table = tuple(
        (
            row.number,
            row.architecture.describe(),
            row.parameters,
            row.prediction.mean,
            row.prediction.deviation,
            score,
            score - row.prediction.mean,
        )
        for row, score in scored(sample.unbiased)
        if row.prediction is not None and row.stop_after is None
    )
    return Chart(
        name="calibration",
        title="Prediction against score",
        summary=_summary(source),
        columns=(
            Column("candidate", "Candidate"),
            Column("architecture", "Network"),
            Column("parameters", "Parameters"),
            Column("prediction", "Prediction", unit),
            Column("deviation", "Standard deviation of the prediction", unit),
            Column("score", score_title(metric), unit),
            Column("error", "Score less prediction", unit),
        ),
        rows=table,
        note=notes(
            "On the line the score is what was predicted. A prediction is of the network's true score, from which one "
            "training differs by chance."
            if table
            else "",
            source.even_sampling(),
            below_range([row[5] for row in table]),
        ),
        metric=metric,
    )


def calibration_figure(chart: Chart) -> Figure:
    """Draw the points and the diagonal."""
    metric = chart.metric
    rows = chart.records("candidate", "architecture", "parameters", "prediction", "score", "deviation")
    predicted = [row[3] for row in rows]
    ends = [min(predicted, default=0.0), max(predicted, default=1.0)]
    digits = score_format(metric, 2)
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "as predicted",
            "x": ends,
            "y": ends,
            "line": {"color": GRAY, "dash": "dash", "width": 2},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "candidate",
            "x": predicted,
            "y": [row[4] for row in rows],
            "customdata": [(*row[:3], row[5]) for row in rows],
            "marker": {"color": BLUE, "size": 6, "opacity": 0.7},
            "hovertemplate": hover(metric, "y", f"predicted %{{x:{digits}}} ± %{{customdata[3]:{digits}}}"),
        },
    ]
    shown = score_axis(metric, chart_scores(chart))
    return figure(
        chart,
        data,
        links=True,
        xaxis={
            **score_axis(metric, predicted),
            **axis(score_title(metric, "Predicted")),
        },
        yaxis=shown,
        hovermode="closest",
    )


def _summary(source: ChartSource) -> str:
    found = source.record.calibration
    if found is None:
        return "The search has predicted nothing yet that was then trained."
    within = "belief and noise together" if found.noise is not None else "of the belief alone"
    return (
        f"Of {found.predictions:,} scores, {100 * found.within_one:.0f} % lie within one standard deviation of the "
        f"prediction ({within}; 68 % would be right), and {100 * found.within_two:.0f} % within two (95 %)."
    )
