"""How a report writes what it is told: text of strangers without what could steer a reader's screen, and numbers."""

import re
from collections.abc import Mapping
from typing import Any, Final

from core.metrics import METRICS, MetricName
from evolution.metric_words import MINUS, words_of

LONGEST: Final = 300
"""A longer text is cut; the JSON report has all of it."""

NOTHING: Final = "-"

# Control characters, ends of lines, and what turns the direction of the text that follows.
_STEERING: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


def plain(text: Any, longest: int = LONGEST) -> str:
    """Return a text on one line, without characters that steer, cut where it is very long."""
    line = _STEERING.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\t\r\n]+", " ", str(text)[: longest + 1]))
    return line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"


def metric_of(document: Mapping[str, Any]) -> MetricName:
    """Return what the scores of a report are: as its verdict says, or its job."""
    named = (document["verdict"] or {}).get("metric") or document["job"]["metric"]
    return named if named in METRICS else "accuracy"


def score(value: float | None, metric: MetricName) -> str:
    """Write a score as a table does: shares in percent, R2 as a number."""
    return NOTHING if value is None else words_of(metric).number(value)


def interval(low: float | None, high: float | None, metric: MetricName) -> str:
    """Write an interval of scores."""
    return NOTHING if low is None or high is None else f"{score(low, metric)} to {score(high, metric)}"


def points(difference: float, metric: MetricName) -> str:
    """Write a difference of scores with its sign: in points, or of R2 as a number."""
    return (f"{difference:+.3f}" if metric == "r2" else f"{100 * difference:+.1f}").replace("-", MINUS)


def chance(p_value: float) -> str:
    """Write a p-value."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def share(value: float) -> str:
    """Write a share in percent, to a hundredth of one."""
    return f"{100 * value:.2f} %".replace("-", MINUS)


def count(value: float | None) -> str:
    """Write a whole number with commas."""
    return NOTHING if value is None else f"{value:,.0f}"


def flops(value: float | None) -> str:
    """Write a number of operations."""
    return NOTHING if value is None else f"{value:,.0f}" if value < 1e6 else f"{value:.3e}"


def seconds(value: float | None) -> str:
    """Write seconds to a tenth, few of them to three digits."""
    return NOTHING if value is None else f"{value:,.1f}" if value >= 10 else f"{value:.3g}"


def moment(text: str | None) -> str:
    """Write a time of the API to the second."""
    return NOTHING if text is None else f"{text[:10]} {text[11:19]} UTC"
