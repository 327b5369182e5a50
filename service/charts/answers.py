"""How many layers, and how many neurons: mean scores by depth and by total neurons, with intervals and counts.

A finished search's are those of its verdict, so that page, report and chart say the same; until then, and for the
other phases, they are computed from the rows in the same way.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from core.architecture import Architecture
from evolution.answer_sentence import layers_sentence, neurons_sentence
from evolution.answers import Group, answers_of
from evolution.candidate import bounded
from evolution.metric_words import MetricWords
from evolution.verdict import Answer
from service.charts.chart import Cell, Chart, ChartName, Column
from service.charts.figure import BLUE, Figure, axis, figure, score_axis, score_format, score_title, unit_of
from service.charts.source import ChartSource, notes
from service.store.chart_rows import ChartRow

OVER_NETWORKS = (
    "Every network counts once, with the mean of its trainings. The line is a 95 % interval over networks that this "
    "search would choose."
)


def layers(source: ChartSource) -> Chart:
    """Return a row for each number of layers."""
    stored = None if source.verdict is None else source.verdict.layers
    answer = stored or _answer(
        answers_of(mean_scores(source.rows.sample.unbiased)).layers,
        lambda groups, words: layers_sentence(groups, None, words),
        source.words,
    )
    return _chart(source, "layers", "How many layers?", Column("least", "Layers"), answer, stored=stored is not None)


def neurons(source: ChartSource) -> Chart:
    """Return a row for each band of total neurons."""
    stored = None if source.verdict is None else source.verdict.neurons
    answer = stored or _answer(
        answers_of(mean_scores(source.rows.sample.unbiased)).neurons, neurons_sentence, source.words
    )
    first = Column("least", "Neurons in all, from")
    return _chart(source, "neurons", "How many neurons?", first, answer, stored=stored is not None)


def layers_figure(chart: Chart) -> Figure:
    """Draw the means by number of layers."""
    return _figure(chart, "Layers (n: networks)")


def neurons_figure(chart: Chart) -> Figure:
    """Draw the means by band of neurons."""
    return _figure(chart, "Neurons in all layers (n: networks)")


def mean_scores(rows: Sequence[ChartRow]) -> Mapping[Architecture, float]:
    """Return each network's mean score over its full trainings, as `evolution.answers.network_scores` does."""
    scores: dict[Architecture, list[float]] = {}
    for row in rows:
        if row.fitness is not None and row.stop_after is None:
            scores.setdefault(row.architecture, []).append(bounded(row.fitness))
    return {architecture: math.fsum(values) / len(values) for architecture, values in scores.items()}


def _answer(
    groups: tuple[Group, ...], sentence: Callable[[Sequence[Group], MetricWords], str], words: MetricWords
) -> Answer:
    return Answer(sentence(groups, words) if groups else "No network has a score yet.", groups)


def _chart(source: ChartSource, name: ChartName, title: str, first: Column, answer: Answer, *, stored: bool) -> Chart:
    unit = unit_of(source.metric)
    return Chart(
        name=name,
        title=title,
        summary=answer.sentence,
        columns=(
            first,
            Column("most", "to"),
            Column("networks", "Networks"),
            Column("score", score_title(source.metric, "Mean validation"), unit),
            Column("low", "95 % interval, low", unit),
            Column("high", "95 % interval, high", unit),
            Column("behind", "Behind the best group", unit),
            Column("behind_low", "95 % interval of that, low", unit),
            Column("behind_high", "95 % interval of that, high", unit),
            Column("adjusted_p_value", "p, corrected by Holm"),
        ),
        rows=tuple(
            (
                group.least,
                group.most,
                group.networks,
                group.mean,
                group.low,
                group.high,
                group.behind,
                group.behind_low,
                group.behind_high,
                group.adjusted_p_value,
            )
            for group in answer.groups
        ),
        note=notes(OVER_NETWORKS if answer.groups else "", "" if stored else source.even_sampling()),
        metric=source.metric,
    )


def _figure(chart: Chart, title: str) -> Figure:
    rows = chart.records("least", "most", "networks", "score", "low", "high")
    lowest, highest = (0.0, 1.0) if chart.metric != "r2" else (-math.inf, 1.0)
    low = [row[3] if row[4] is None else max(row[4], lowest) for row in rows]
    high = [row[3] if row[5] is None else min(row[5], highest) for row in rows]
    written = score_format(chart.metric, 1)
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "mean",
            "x": [f"{band(row[0], row[1])}<br>n = {row[2]:,}" for row in rows],
            "y": [row[3] for row in rows],
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": [end - row[3] for row, end in zip(rows, high, strict=True)],
                "arrayminus": [row[3] - end for row, end in zip(rows, low, strict=True)],
                "color": BLUE,
                "thickness": 2,
                "width": 6,
            },
            "customdata": [
                _hover_cells(row, ends) for row, ends in zip(rows, zip(low, high, strict=True), strict=True)
            ],
            "marker": {"color": BLUE, "size": 10},
            "hovertemplate": (
                "%{customdata[0]}: %{customdata[1]:,} networks<br>"
                f"mean %{{y:{written}}}<br>95 % interval %{{customdata[2]:{written}}} to %{{customdata[3]:{written}}}"
                "<extra></extra>"
            ),
        }
    ]
    return figure(
        chart,
        data,
        xaxis=axis(title, type="category"),
        yaxis=score_axis(chart.metric, [*low, *high]),
        showlegend=False,
    )


def _hover_cells(row: tuple[Cell, ...], ends: tuple[float, float]) -> list[Cell]:
    return [band(int(str(row[0])), int(str(row[1]))), row[2], *ends]


def band(least: int, most: int) -> str:
    """Write a number or a band of numbers."""
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
