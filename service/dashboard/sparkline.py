"""The best score so far as a line no higher than the text beside it: a pure function to SVG."""

from collections.abc import Sequence
from typing import Final

from service.store.progress import Improvement

WIDTH: Final = 96
HEIGHT: Final = 24
_EDGE: Final = 2.5


def draw_sparkline(improvements: Sequence[Improvement], proposed: int) -> str:
    """Draw the best score after each of so many candidates as a staircase; empty where there is no score.

    The scale is that of the scores themselves: it shows when a search got better, not how good it is.
    """
    if not improvements:
        return ""
    low, high = improvements[0].fitness, improvements[-1].fitness
    last = max(proposed - 1, improvements[-1].number, 1)

    def x(number: int) -> float:
        return _EDGE + (WIDTH - 2 * _EDGE) * number / last

    def y(fitness: float) -> float:
        share = 0.5 if high == low else (fitness - low) / (high - low)
        return HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * share

    path = f"M{x(improvements[0].number):.1f},{y(low):.1f}"
    path += "".join(f"H{x(one.number):.1f}V{y(one.fitness):.1f}" for one in improvements[1:])
    path += f"H{x(last):.1f}"
    return (
        f'<svg class="sparkline" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true" '
        f'focusable="false"><path class="line" d="{path}"/><circle class="point" cx="{x(improvements[-1].number):.1f}" '
        f'cy="{y(high):.1f}" r="2.5"/></svg>'
    )
