"""Values with their intervals as dots and lines below each other: pure functions from a verdict to markup.

Places are shares of the width, and nothing else is: the drawing is as wide as the page lets it, while its letters and
its dots keep their size, on a phone as on a desk.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from evolution.metric_words import MetricWords, words_of
from evolution.verdict import Conclusion, Verdict

Kind = Literal["found", "network", "method", "better", "worse", "open"]

ROW: Final = 46
TOP: Final = 26
BOTTOM: Final = 34
FREE: Final = 1.5
"""Percent of the width that stay free on either side, so that no dot is cut."""

MOST_TICKS: Final = 4

_STEPS: Final = (1.0, 2.0, 5.0, 10.0)
_KINDS: Final[dict[Conclusion, Kind]] = {"better": "better", "worse": "worse", "no difference shown": "open"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One value with its 95 % interval; `written` is both in words."""

    label: str
    value: float
    low: float
    high: float
    written: str
    kind: Kind


def ensemble_label(verdict: Verdict) -> str:
    """Return what all trainings of the found network together are called."""
    members = 0 if verdict.ensemble is None else verdict.ensemble.members
    how = "mean" if verdict.metric == "r2" else "majority vote"
    return f"{how} of {verdict.labels[verdict.evolved]}'s {members}"


def score_marks(verdict: Verdict) -> tuple[Mark, ...]:
    """Return the test scores: of the networks, of the found one's trainings together, and of the other methods."""
    words = words_of(verdict.metric)

    def mark(label: str, score: float, low: float, high: float, kind: Kind) -> Mark:
        return Mark(label, score, low, high, f"{words.number(score)} ({_interval(low, high, words)})", kind)

    marks = [
        mark(one.label, one.test_score, one.test_low, one.test_high, _found_or(one.name == verdict.evolved))
        for one in verdict.arms
    ]
    whole = verdict.ensemble
    if whole is not None:
        marks.append(mark(ensemble_label(verdict), whole.test_score, whole.low, whole.high, "network"))
    marks += [mark(one.label, one.test_score, one.test_low, one.test_high, "method") for one in verdict.rivals]
    return tuple(marks)


def difference_marks(verdict: Verdict) -> tuple[Mark, ...]:
    """Return how far the found network lies above each rival."""
    words = words_of(verdict.metric)
    return tuple(
        Mark(
            verdict.labels[one.rival],
            one.difference,
            one.low,
            one.high,
            f"{words.difference(one.difference)}: {one.conclusion}",
            _KINDS[one.conclusion],
        )
        for one in verdict.comparisons
    )


def draw_scores(verdict: Verdict) -> str:
    """Draw the test scores of a verdict, and the floor as a line through all of them."""
    marks, words = score_marks(verdict), words_of(verdict.metric)
    floor = None if verdict.floor is None else verdict.floor.score
    low, high = score_limits(marks, floor, words)
    line = None if floor is None or floor < low else (floor, "learning nothing")
    tick: Callable[[float], str] = (lambda at: f"{at:g}") if verdict.metric == "r2" else (lambda at: f"{100 * at:g} %")
    return _draw(marks, low, high, line, tick, f"{words.name} on the test rows with 95 % intervals")


def draw_differences(verdict: Verdict) -> str:
    """Draw how far the found network lies above each rival, and no difference as a line; empty without a rival."""
    marks = difference_marks(verdict)
    if not marks:
        return ""
    low, high = min(0.0, *(mark.low for mark in marks)), max(0.0, *(mark.high for mark in marks))
    margin = 0.05 * max(high - low, 0.01)
    tick: Callable[[float], str] = (
        (lambda at: f"{at:+g}") if verdict.metric == "r2" else (lambda at: f"{100 * at:+g}" if at else "0")
    )
    told = "difference to each rival with 95 % intervals"
    return _draw(marks, low - margin, high + margin, (0.0, "no difference"), tick, told)


def score_limits(marks: Sequence[Mark], floor: float | None, words: MetricWords) -> tuple[float, float]:
    """Return the ends of the axis: all intervals lie within, and the floor where it does not squeeze them.

    A floor far below would leave a few pixels to the differences; the text beside the drawing names it then.
    """
    low, high = min(mark.low for mark in marks), max(mark.high for mark in marks)
    span = max(high - low, 0.01)
    if floor is not None and low - floor < 3 * span:
        low = min(low, floor)
    margin = 0.05 * max(high - low, 0.01)
    return max(low - margin, words.lowest), min(high + margin, 1.0)


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers between the ends of an axis, in even steps, at most five."""
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / MOST_TICKS))
    step = next(step * power for step in _STEPS if span / (step * power) <= MOST_TICKS + 1e-9)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * place, 10) + 0.0 for place in range(first, last + 1)]


def _draw(
    marks: Sequence[Mark],
    low: float,
    high: float,
    line: tuple[float, str] | None,
    tick: Callable[[float], str],
    told: str,
) -> str:
    height = TOP + ROW * len(marks) + BOTTOM
    end = height - BOTTOM + 6

    def x(value: float) -> str:
        share = (min(max(value, low), high) - low) / (high - low)
        return f"{FREE + (100 - 2 * FREE) * share:.2f}%"

    parts = [
        f'<line class="grid" x1="{x(at)}" x2="{x(at)}" y1="{TOP}" y2="{end}"/>'
        f'<text class="tick" x="{x(at)}" y="{height - 8}" text-anchor="{_anchor(at, low, high)}">{tick(at)}</text>'
        for at in ticks(low, high)
    ]
    if line is not None:
        at, name = line
        anchor = "start" if at < (low + high) / 2 else "end"
        parts.append(
            f'<line class="floor" x1="{x(at)}" x2="{x(at)}" y1="{TOP - 6}" y2="{end}"/>'
            f'<text class="tick" x="{x(at)}" y="{TOP - 12}" text-anchor="{anchor}">{name}</text>'
        )
    parts += [_row(mark, TOP + ROW * place, x) for place, mark in enumerate(marks)]
    values = "; ".join(f"{mark.label} {mark.written}" for mark in marks)
    return (
        f'<svg class="intervals" width="100%" height="{height}" role="img" aria-label="{escape(f"{told}: {values}")}">'
        f"{''.join(parts)}</svg>"
    )


def _row(mark: Mark, top: int, x: Callable[[float], str]) -> str:
    middle = top + 30
    return (
        f'<g class="{mark.kind}"><title>{escape(f"{mark.label}: {mark.written}")}</title>'
        f'<text class="mark" x="0" y="{top + 16}">{escape(mark.label)}</text>'
        f'<text class="value" x="100%" y="{top + 16}" text-anchor="end">{escape(mark.written)}</text>'
        f'<line class="interval" x1="{x(mark.low)}" x2="{x(mark.high)}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="dot" cx="{x(mark.value)}" cy="{middle}" r="5.5"/></g>'
    )


def _anchor(at: float, low: float, high: float) -> str:
    """Return where a number stands at its tick, so that none is cut at the ends."""
    share = (at - low) / (high - low)
    return "start" if share < 0.06 else "end" if share > 0.94 else "middle"


def _found_or(found: bool) -> Kind:
    return "found" if found else "network"


def _interval(low: float, high: float, words: MetricWords) -> str:
    return f"{words.number(low)} to {words.number(high)}"
