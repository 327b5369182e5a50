"""The best score after each candidate: a staircase above the scores of all, with how sure each step is."""

from bisect import bisect_right
from collections.abc import Sequence

from service.charts.chart import Chart, Column
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
from service.charts.source import ChartSource, notes

UNCERTAIN = "rgba(0, 114, 178, 0.18)"


def best_so_far(source: ChartSource) -> Chart:
    """Return the candidates by number, each with its score and the best up to it.

    A best score is `standard_error` uncertain: by its own replicates, or by what trainings of one network differ.
    """
    metric, progress = source.metric, source.progress
    steps = progress.improvements
    numbers = [step.number for step in steps]
    sample = source.rows.sample
    known = {row.number: row for row in sample.rows}
    missing = set(numbers) - set(known)
    rows = sorted([*sample.rows, *source.rows.numbered(missing)], key=lambda row: row.number)
    errors = {row.number: row.standard_error for row in rows}
    noise = source.noise if steps else None
    table = []
    for row in rows:
        if row.status == "pending":
            continue
        place = bisect_right(numbers, row.number) - 1
        step = steps[place] if place >= 0 else None
        own = None if step is None else errors[step.number]
        table.append(
            (
                row.number,
                row.fitness,
                None if step is None else step.fitness,
                None if step is None else step.number,
                (noise if own is None else own) if step is not None else None,
                step is not None and step.number == row.number,
                row.error,
                row.architecture.describe(),
                row.parameters,
            )
        )
    return Chart(
        name="best-so-far",
        title=f"Best {named_score(metric)} so far",
        summary=_summary(source),
        columns=(
            Column("candidate", "Candidate"),
            Column("score", score_title(metric), unit_of(metric)),
            Column("best", "Best so far", unit_of(metric)),
            Column("best_candidate", "Best candidate so far"),
            Column("standard_error", "Standard error of the best", unit_of(metric)),
            Column("improved", "Better than all before"),
            Column("error", "Failure"),
            Column("architecture", "Network"),
            Column("parameters", "Parameters"),
        ),
        rows=tuple(table),
        note=notes(
            source.sampling("each that was the best when it came"),
            below_range([row.fitness for row in rows if row.fitness is not None]),
            _band([errors[step.number] is not None for step in steps], noise),
            f"{progress.failed:,} failed." if progress.failed else "",
        ),
        metric=metric,
    )


def best_so_far_figure(chart: Chart) -> Figure:
    """Draw the staircase."""
    metric = chart.metric
    scored = [row for row in chart.records("candidate", "architecture", "parameters", "score") if row[3] is not None]
    failed = [row for row in chart.records("candidate", "architecture", "parameters", "error") if row[3] is not None]
    steps = [row for row in chart.records("candidate", "architecture", "parameters", "best", "improved") if row[4]]
    last = [row for row in chart.records("candidate", "best") if row[1] is not None][-1:]
    x = [row[0] for row in steps] + [row[0] for row in last]
    y = [row[3] for row in steps] + [row[1] for row in last]
    data: list[dict[str, object]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "candidate",
            "meta": "evaluated",
            "x": [row[0] for row in scored],
            "y": [row[3] for row in scored],
            "customdata": [row[:3] for row in scored],
            "marker": {"color": GRAY, "size": 5, "opacity": 0.7},
            "hovertemplate": hover(metric),
        },
        *_bands(chart),
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "best so far",
            "meta": "best",
            "x": x,
            "y": y,
            # The end of the line is the last candidate's place, but the best one's score.
            "customdata": [row[:3] for row in steps] + [row[:3] for row in steps[-1:]],
            "line": {"shape": "hv", "color": BLUE, "width": 2},
            "marker": {"color": BLUE, "size": [8] * len(steps) + [0] * len(last)},
            "hovertemplate": hover(metric),
        },
    ]
    if failed:
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "failed",
                "meta": "failed",
                "x": [row[0] for row in failed],
                "y": [0.015] * len(failed),
                "yaxis": "y2",
                "customdata": failed,
                "marker": {"color": VERMILLION, "symbol": "x", "size": 7},
                "hovertemplate": "candidate %{customdata[0]} failed<br>%{customdata[1]}<br>%{customdata[3]}"
                "<extra></extra>",
            }
        )
    return figure(
        chart,
        data,
        links=True,
        xaxis=axis("Candidate number"),
        yaxis=score_axis(metric, chart_scores(chart)),
        # Failed candidates have no score: they stand on the lower edge.
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        hovermode="closest",
    )


def chart_scores(chart: Chart) -> list[float]:
    """Return the scores of a chart with a column of this name."""
    return [score for score in chart.column("score") if score is not None]


def _bands(chart: Chart) -> list[dict[str, object]]:
    """Draw one standard error around the best as a band, where it is known."""
    rows = [row for row in chart.records("candidate", "best", "standard_error") if row[2] is not None]
    shared = {
        "type": "scatter",
        "mode": "lines",
        "x": [row[0] for row in rows],
        "line": {"shape": "hv", "width": 0, "color": BLUE},
        "hoverinfo": "skip",
        "legendgroup": "band",
    }
    if not rows:
        return []
    return [
        {**shared, "name": "", "y": [row[1] - row[2] for row in rows], "showlegend": False},
        {
            **shared,
            "name": "± standard error",
            "y": [row[1] + row[2] for row in rows],
            "fill": "tonexty",
            "fillcolor": UNCERTAIN,
        },
    ]


def _summary(source: ChartSource) -> str:
    progress = source.progress
    done = progress.evaluated + progress.failed
    if progress.best_fitness is None:
        return f"No candidate has a score yet; {done:,} of {progress.proposed:,} were evaluated."
    planned = source.summary.budget.get("evaluations") if source.phase == "search" else None
    most = max(done, planned) if isinstance(planned, int) else progress.proposed
    return (
        f"The best {named_score(source.metric)} is {written(source.metric, progress.best_fitness)}, of candidate "
        f"{progress.best_number}, after {done:,} of {most:,} candidates."
    )


def _band(own: Sequence[bool], noise: float | None) -> str:
    """Say what the band is; `own` says of each step whether its standard error is that of its own replicates."""
    if all(own):
        return "The band is one standard error over the replicates of the best." if own else ""
    if noise is None:
        return ""
    return "The band is one standard error of a training, from the networks that were trained more than once."
