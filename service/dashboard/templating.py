"""How the pages write: one environment of templates, and the filters that put numbers into words.

Every address in a template begins with `root`, the path below which a proxy shows the service (usually none).
"""

import math
from typing import Any, Final

from fastapi import Request
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from core.metrics import MetricName
from evolution.metric_words import quantity, words_of
from service.dashboard.assets import plotly_version
from service.dashboard.drawings import draw_thumbnail
from service.dashboard.interval_drawing import draw_differences, draw_scores, ensemble_label
from service.data.built_in import BUILT_IN
from service.store.insights import JobSummary

_PREFIXES: Final = "kMGTPEZY"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("service.dashboard"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["score"] = _score
    environment.filters["quantity"] = lambda error: "-" if error is None else quantity(error)
    environment.filters["chance"] = lambda p_value: "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
    environment.filters["points"] = lambda difference, metric: (
        f"{round(difference, 3) + 0.0:+.3f}" if metric == "r2" else f"{round(100 * difference, 1) + 0.0:+.1f}"
    )
    environment.filters["spread"] = lambda error, metric: (
        "-" if error is None else f"{error:.4f}" if metric == "r2" else f"{100 * error:.2f} %"
    )
    environment.filters["flops"] = _flops
    environment.filters["duration"] = duration
    environment.globals["words_of"] = words_of
    environment.globals["draw_scores"] = lambda verdict: Markup(draw_scores(verdict))  # noqa: S704 - our own markup
    environment.globals["draw_differences"] = lambda verdict: Markup(draw_differences(verdict))  # noqa: S704 - ours
    environment.globals["draw_thumbnail"] = lambda network: Markup(draw_thumbnail(network))  # noqa: S704 - ours
    environment.globals["ensemble_label"] = ensemble_label
    environment.globals["job_tabs"] = job_tabs
    environment.globals["plotly_version"] = plotly_version
    return environment


def _score(score: float | None, metric: MetricName) -> str:
    """Write a score as a table does."""
    if score is None:
        return "-"
    return words_of(metric).number(score)


def _flops(operations: float) -> str:
    """Write a number of operations with the prefix of its size: "3.21 G"."""
    if operations < 1000:
        return f"{operations:.0f}"
    power = min(int(math.log10(operations) / 3), len(_PREFIXES))
    size = operations / 1000**power
    return f"{size:.{2 if size < 10 else 1 if size < 100 else 0}f} {_PREFIXES[power - 1]}"


def duration(seconds: float) -> str:
    """Write a time in its two largest units: "42 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"."""
    whole = max(0, round(seconds))
    for size, name, smaller, its_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size:,} {name}" + (f" {rest} {its_name}" if rest else "")
    return f"{whole} s"


def job_tabs(summary: JobSummary) -> list[tuple[str, str, str]]:
    """Return the pages of a job: their keys, their titles and their paths below that of the job."""
    tabs = [
        ("overview", "Overview", ""),
        ("answers", "Answers", "/answers"),
        ("candidates", "Candidates", "/candidates"),
        ("charts", "Charts", "/charts"),
        ("try", "Try it", "/try"),
    ]
    if has_two_features(summary):
        tabs.append(("playground", "Playground", "/playground"))
    return [*tabs, ("report", "Report", "/report")]


def has_two_features(summary: JobSummary) -> bool:
    """Say whether the job's networks take two numbers, which make a plane; nobody knows before the first score."""
    job = summary.job
    if job.dataset_id is None and job.dataset in BUILT_IN:
        return BUILT_IN[job.dataset].input_shape == (2,)
    return summary.best is not None and summary.best.architecture.input_shape == (2,)


def _address(request: Request) -> dict[str, Any]:
    return {"root": request.scope.get("root_path", "")}


templates = Jinja2Templates(env=_environment(), context_processors=[_address])
