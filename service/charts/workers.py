"""Who trained what and when: one lane per worker, one bar per training."""

from datetime import datetime, timedelta
from typing import Final

from evolution.metric_words import quantity
from service.charts.chart import Chart, Column
from service.charts.figure import BLUE, VERMILLION, Figure, axis, figure
from service.charts.source import ChartSource, notes
from service.store.chart_rows import ChartRow

MOST: Final = 500


def workers(source: ChartSource) -> Chart:
    """Return the latest evaluations by number; a bar ends when its result was stored and is as long as the training."""
    began = source.job.started_at or source.job.created_at
    rows = source.rows.latest(MOST)
    done = source.progress.evaluated + source.progress.failed
    table = []
    for row in rows:
        if row.evaluated_at is None or row.seconds is None:
            continue
        end = (row.evaluated_at - began).total_seconds()
        table.append(
            (
                row.number,
                row.worker or "unnamed",
                end - row.seconds,
                end,
                row.seconds,
                _rfc_3339(row.evaluated_at - timedelta(seconds=row.seconds)),
                _rfc_3339(row.evaluated_at),
                row.status,
                row.error,
                row.architecture.describe(),
                row.parameters,
            )
        )
    return Chart(
        name="workers",
        title="Workers",
        summary=_summary(rows),
        columns=(
            Column("candidate", "Candidate"),
            Column("worker", "Worker"),
            Column("start", "Start, after the job began", "s"),
            Column("end", "End, after the job began", "s"),
            Column("seconds", "CPU time", "s"),
            Column("started_at", "Started at"),
            Column("evaluated_at", "Evaluated at"),
            Column("status", "Status"),
            Column("error", "Failure"),
            Column("architecture", "Network"),
            Column("parameters", "Parameters"),
        ),
        rows=tuple(table),
        note=notes(
            f"The last {len(table):,} of {done:,} evaluations." if done > len(table) else "",
            "A bar ends when its result was stored, and is as long as the training took on a processor."
            if table
            else "",
        ),
        metric=source.metric,
    )


def workers_figure(chart: Chart) -> Figure:
    """Draw the bars, those of trainings that failed apart."""
    rows = chart.records("candidate", "architecture", "parameters", "worker", "start", "seconds", "status", "error")
    lanes = sorted({row[3] for row in rows})

    def bars(name: str, failed: bool, color: str, told: str) -> dict[str, object]:
        chosen = [row for row in rows if (row[6] == "failed") == failed]
        return {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "meta": name,
            "base": [row[4] for row in chosen],
            "x": [row[5] for row in chosen],
            "y": [row[3] for row in chosen],
            "customdata": [(*row[:3], row[5], row[7]) for row in chosen],
            "marker": {"color": color, "opacity": 0.8, "line": {"width": 0}},
            "hovertemplate": (
                "candidate %{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]:,} parameters<br>"
                f"%{{customdata[3]:.3~f}} s on %{{y}}{told}<extra></extra>"
            ),
        }

    data = [bars("evaluated", False, BLUE, "")]
    if any(row[6] == "failed" for row in rows):
        data.append(bars("failed", True, VERMILLION, "<br>%{customdata[4]}"))
    return figure(
        chart,
        data,
        links=True,
        barmode="overlay",
        bargap=0.25,
        xaxis=axis("Seconds since the job began"),
        yaxis=axis("", categoryorder="array", categoryarray=lanes[::-1], tickfont={"size": 11}, type="category"),
        hovermode="closest",
        showlegend=len(data) > 1,
    )


def _summary(rows: tuple[ChartRow, ...]) -> str:
    known = [
        (row.evaluated_at, row.seconds) for row in rows if row.evaluated_at is not None and row.seconds is not None
    ]
    if not known:
        return "No evaluation has ended yet."
    names = {row.worker for row in rows}
    first = min(end - timedelta(seconds=seconds) for end, seconds in known)
    wall = (max(end for end, _ in known) - first).total_seconds()
    busy = sum(seconds for _, seconds in known)
    told = f"{len(names):,} {'worker' if len(names) == 1 else 'workers'}"
    # CPU time may exceed the time of a clock that was set back meanwhile.
    share = f", {100 * min(1.0, busy / (wall * len(names))):.0f} % of their time" if wall > 0 else ""
    return f"{told} trained for {quantity(busy)} CPU seconds in the last {len(known):,} evaluations{share}."


def _rfc_3339(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
