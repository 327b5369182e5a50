"""What matters: how much of the score's variance depth, total width and activation explain."""

from evolution.answer_sentence import importance_sentence
from evolution.errors import InvalidGenome, InvalidSpace
from evolution.importance import FEWEST_NETWORKS, Importance
from evolution.importance import importance as what_matters
from evolution.recommendation import surrogate_fit
from service.charts.answers import mean_scores
from service.charts.chart import Chart, Column
from service.charts.figure import BLUE, Figure, axis, figure
from service.charts.source import ChartSource, notes


def importance(source: ChartSource) -> Chart:
    """Return a row for each property: the verdict's where there is one, else from the rows so far."""
    verdict = source.verdict
    stored = None if verdict is None else verdict.importance
    found = stored or _computed(source)
    told = None if verdict is None else verdict.importance_sentence
    return Chart(
        name="importance",
        title="What matters?",
        summary=told or (_OPEN if found is None else importance_sentence(found)),
        columns=(
            Column("property", "Property"),
            Column("share", "Share of the variance that it explains alone", "share"),
            Column("fit_quality", "Share of the variance of left-out networks that the model predicts", "share"),
            Column("networks", "Networks"),
        ),
        rows=()
        if found is None
        else tuple(
            (name, share, found.fit_quality, found.networks)
            for name, share in (
                ("number of layers", found.depth),
                ("number of neurons", found.width),
                ("activation", found.activation),
            )
        ),
        note=notes(
            "Shares overlap: deeper networks have more neurons. They describe a model of the scores." if found else "",
            "" if stored else source.even_sampling(),
        ),
        metric=source.metric,
    )


_OPEN = (
    f"What matters stays open: that takes the scores of {FEWEST_NETWORKS} different networks that are not all alike."
)


def importance_figure(chart: Chart) -> Figure:
    """Draw a bar for each property."""
    rows = chart.records("property", "share")[::-1]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [row[1] for row in rows],
            "y": [row[0] for row in rows],
            "marker": {"color": BLUE},
            "text": [f"{100 * row[1]:.1f} %" for row in rows],
            "textposition": "auto",
            "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
        }
    ]
    return figure(
        chart,
        data,
        xaxis=axis("Share of the score's variance (%)", range=[0, 1], tickformat=".0%"),
        yaxis=axis(""),
        showlegend=False,
    )


def _computed(source: ChartSource) -> Importance | None:
    scores = mean_scores(source.rows.sample.unbiased)
    planned = source.space_and_training
    if planned is None or len(scores) < FEWEST_NETWORKS:
        return None
    space, training = planned
    try:
        return what_matters(
            list(scores), list(scores.values()), space, seed=source.job.seed, fit=surrogate_fit(space, training)
        )
    except (InvalidGenome, InvalidSpace):
        # Networks from elsewhere, of which a model of this space knows nothing.
        return None
