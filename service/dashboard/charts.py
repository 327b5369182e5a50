"""Charts as SVG: pure functions from the read model's numbers to markup."""

from collections.abc import Sequence

from core.metrics import MetricName
from evolution.metric_words import words_of
from service.store.progress import Improvement

WIDTH = 640
HEIGHT = 220
LEFT = 56
BOTTOM = 34
TOP = 14
RIGHT = 12


def draw_best_so_far(improvements: Sequence[Improvement], proposed: int, metric: MetricName = "accuracy") -> str:
    """Draw the best score after each candidate as a staircase; empty without an evaluated candidate."""
    if not improvements:
        return ""
    scores = [one.fitness for one in improvements]
    low, high = _range(min(scores), max(scores), lowest=words_of(metric).lowest)
    words = words_of(metric)

    def written(score: float, digits: int) -> str:
        return words.number(score) if metric == "r2" else f"{score:.{digits}%}"

    last = max(proposed - 1, improvements[-1].number, 1)

    def x(number: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * number / last

    def y(score: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - score) / (high - low)

    path = [f"M{x(improvements[0].number):.1f},{y(scores[0]):.1f}"]
    path += [f"H{x(one.number):.1f}V{y(one.fitness):.1f}" for one in improvements[1:]]
    path.append(f"H{x(last):.1f}")
    dots = "".join(
        f'<circle class="point" cx="{x(one.number):.1f}" cy="{y(one.fitness):.1f}" r="3.5">'
        f"<title>candidate {one.number}: {written(one.fitness, 2)}</title></circle>"
        for one in improvements
    )
    ticks = "".join(
        f'<text class="tick" x="{LEFT - 8}" y="{y(score) + 4:.1f}" text-anchor="end">{written(score, 1)}</text>'
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(score):.1f}" y2="{y(score):.1f}"/>'
        for score in (low, (low + high) / 2, high)
    )
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="Best validation {words.name} so far: {written(scores[-1], 2)}">{ticks}'
        f'<path class="line" d="{"".join(path)}"/>{dots}'
        f'<text class="tick" x="{LEFT}" y="{HEIGHT - 10}">candidate 0</text>'
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end">candidate {last}</text></svg>'
    )


def _range(low: float, high: float, lowest: float) -> tuple[float, float]:
    """Return limits around the scores, never of width 0."""
    margin = max((high - low) * 0.1, 0.005)
    return max(low - margin, lowest), min(high + margin, 1.0)
