"""The size of every network against its score, with the front: the networks that none beats in both."""

import math
from typing import Final

from evolution.objectives import front
from service.charts.best_so_far import chart_scores
from service.charts.chart import Chart, Column
from service.charts.figure import (
    BLUE,
    GREEN,
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
from service.charts.source import ChartSource, notes, scored
from service.store.chart_rows import ChartRow

SHORT: Final = 3
"""Decades of an axis that has room for more ticks than the powers of ten."""


def candidates(source: ChartSource) -> Chart:
    """Return the candidates with a score by number; `on_front` by the scores as they fell out."""
    metric, best = source.metric, source.progress.best_number
    rows, on_front = _with_front(source)
    found = scored(rows)
    return Chart(
        name="candidates",
        title="Parameters against score",
        summary=_summary(source, len(on_front), next((row for row in rows if row.number == best), None)),
        columns=(
            Column("candidate", "Candidate"),
            Column("architecture", "Network"),
            Column("parameters", "Parameters"),
            Column("score", score_title(metric), unit_of(metric)),
            Column("standard_error", "Standard error", unit_of(metric)),
            Column("layers", "Layers"),
            Column("neurons", "Neurons in all"),
            Column("operator", "Made by"),
            Column("on_front", "On the front"),
            Column("best", "Best"),
        ),
        rows=tuple(
            (
                row.number,
                row.architecture.describe(),
                row.parameters,
                score,
                row.standard_error,
                row.layers,
                row.neurons,
                row.operator,
                row.number in on_front,
                row.number == best,
            )
            for row, score in found
        ),
        note=notes(
            source.sampling("those on the line"),
            "The line joins the networks that no other beats in both size and score, as the scores fell out."
            if on_front
            else "",
            below_range([score for _, score in found]),
            f"{source.progress.failed:,} failed and have no score." if source.progress.failed else "",
        ),
        metric=metric,
    )


def candidates_figure(chart: Chart) -> Figure:
    """Draw the points, the front as a staircase, and a star at the best."""
    metric = chart.metric
    rows = chart.records("candidate", "architecture", "parameters", "score", "on_front", "best")
    steps = sorted((row for row in rows if row[4]), key=lambda row: (row[2], row[3]))

    def points(name: str, meta: str, chosen: list[tuple[object, ...]], **more: object) -> dict[str, object]:
        return {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "meta": meta,
            "x": [row[2] for row in chosen],
            "y": [row[3] for row in chosen],
            "customdata": [row[:3] for row in chosen],
            "hovertemplate": hover(metric),
            **more,
        }

    return figure(
        chart,
        [
            points("candidate", "evaluated", rows, marker={"color": BLUE, "size": 6, "opacity": 0.7}),
            points(
                "front",
                "front",
                steps,
                mode="lines+markers",
                line={"shape": "hv", "color": GREEN, "width": 2},
                marker={"color": GREEN, "size": 7},
            ),
            points(
                "best",
                "best",
                [row for row in rows if row[5]],
                marker={"color": VERMILLION, "size": 14, "symbol": "star"},
            ),
        ],
        links=True,
        xaxis=_size_axis([row[2] for row in rows]),
        yaxis=score_axis(metric, chart_scores(chart)),
        hovermode="closest",
    )


def _size_axis(sizes: list[int]) -> dict[str, object]:
    """Describe the axis of parameters, with ticks at 1, 2 and 5 where it is short."""
    decades = math.log10(max(sizes, default=1) / min(sizes, default=1))
    return axis("Parameters (logarithmic)", type="log", tickformat="~s", dtick="D2" if decades < SHORT else 1)


def _with_front(source: ChartSource) -> tuple[list[ChartRow], set[int]]:
    sample = source.rows.sample
    if sample.exact:
        found = scored(sample.rows)
        places = front([score for _, score in found], [row.parameters for row, _ in found])
        return list(sample.rows), {found[place][0].number for place in places.tolist()}
    numbers = set(source.rows.front())
    more = source.rows.numbered(numbers - {row.number for row in sample.rows})
    return sorted([*sample.rows, *more], key=lambda row: row.number), numbers


def _summary(source: ChartSource, on_front: int, best: ChartRow | None) -> str:
    evaluated = source.progress.evaluated
    if best is None or best.fitness is None:
        return "No candidate has a score yet."
    return (
        f"Of {evaluated:,} candidates with a score, the best has {best.parameters:,} parameters and a "
        f"{named_score(source.metric)} of {written(source.metric, best.fitness)}; {on_front:,} "
        f"{'is' if on_front == 1 else 'are'} not beaten in both size and score."
    )
