"""What each operator brought: how often it was tried, failed, and made a better network than it was given."""

from evolution.statistics import share_interval
from evolution.wording import listed
from service.charts.chart import Chart, Column
from service.charts.figure import BLUE, Figure, axis, figure, score_format, score_title, unit_of
from service.charts.source import ChartSource, notes
from service.store.track_record import AGAIN


def operators(source: ChartSource) -> Chart:
    """Return a row for each operator, the most tried first; a child of several counts for each."""
    record, unit = source.record, unit_of(source.metric)
    table = []
    for one in record.operators:
        share = one.better / one.compared if one.compared else None
        low, high = share_interval(one.better, one.compared) if one.compared else (None, None)
        table.append((one.operator, one.tried, one.failed, one.compared, one.better, share, low, high, one.mean_change))
    # By the lower end of the interval: one success in one case is no record.
    best = max((row for row in table if row[0] not in AGAIN), key=lambda row: (row[6] or 0.0, row[3]), default=None)
    if best is not None and best[5] is None:
        best = None
    return Chart(
        name="operators",
        title="Success of the operators",
        summary="No child can be compared with its parents yet."
        if best is None
        else (
            f"The most reliable operator is {best[0]}: it made a better network than the best parent in {best[4]:,} of "
            f"{best[3]:,} cases."
        ),
        columns=(
            Column("operator", "Operator"),
            Column("tried", "Tried"),
            Column("failed", "Failed"),
            Column("compared", "Compared with a parent"),
            Column("better", "Better than the best parent"),
            Column("better_share", "Share that was better", "share"),
            Column("low", "95 % interval, low", "share"),
            Column("high", "95 % interval, high", "share"),
            Column("mean_change", score_title(source.metric, "Mean change of the validation"), unit),
        ),
        rows=tuple(table),
        note=notes(
            "The thin lines are 95 % intervals." if best is not None else "",
            f"What {listed([row[0] for row in table if row[0] in AGAIN], 'or')} brings is noise: the same network, "
            "trained again."
            if any(row[0] in AGAIN for row in table)
            else "",
            ""
            if record.sampled is None
            else f"Children of {record.sampled:,} of {record.total:,} candidates, evenly spaced; tried and failed "
            "count all.",
        ),
        metric=source.metric,
    )


def operators_figure(chart: Chart) -> Figure:
    """Draw the share of better children, with its interval; operators without a child to compare have no bar."""
    rows = [
        row
        for row in chart.records(
            "operator", "tried", "failed", "compared", "better_share", "low", "high", "mean_change"
        )
        if row[4] is not None
    ][::-1]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [row[4] for row in rows],
            "y": [row[0] for row in rows],
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": [row[6] - row[4] for row in rows],
                "arrayminus": [row[4] - row[5] for row in rows],
                "thickness": 1.5,
            },
            "customdata": [(row[1], row[2], row[3], row[7]) for row in rows],
            "marker": {"color": BLUE},
            "hovertemplate": (
                "%{y}<br>tried %{customdata[0]:,}, failed %{customdata[1]:,}<br>better %{x:.1%} of %{customdata[2]:,}"
                f"<br>mean change %{{customdata[3]:+{score_format(chart.metric, 2)}}}<extra></extra>"
            ),
        }
    ]
    if not rows:
        data = []
    return figure(
        chart,
        data,
        xaxis=axis("Better than the best parent (%)", tickformat=".0%", rangemode="tozero"),
        yaxis=axis("", type="category"),
        showlegend=False,
    )
