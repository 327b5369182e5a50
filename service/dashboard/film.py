"""The film of a search: which candidates its frames show, and the strip of all scores below them. Pure functions."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evolution.metric_words import MetricWords
from service.store.chart_rows import ChartRow
from service.store.progress import Improvement

MOST_FRAMES: Final = 120

WIDTH: Final = 960
HEIGHT: Final = 130
SIDE: Final = 10
TOP: Final = 10
FLOOR: Final = HEIGHT - 14
"""Where candidates without a score stand."""

_LOWEST_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment: the candidate that was tried, and the best one among all up to it, None before the first score."""

    tried: ChartRow
    best: ChartRow | None

    @property
    def better(self) -> bool:
        """Whether this candidate was better than all before it."""
        return self.best is not None and self.best.number == self.tried.number


def frame_numbers(total: int, improvements: Sequence[Improvement], most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Return the candidates of the frames: all where they are few, else evenly spaced ones and all improvements.

    Of more improvements than half of the frames, evenly spaced ones and the last are taken.
    """
    if total <= most:
        return tuple(range(total))
    better = [one.number for one in improvements]
    if len(better) > most // 2:
        better = [better[place * (len(better) - 1) // (most // 2 - 1)] for place in range(most // 2)]
    even = most - len(better)
    return tuple(sorted({*better, *(place * (total - 1) // (even - 1) for place in range(even))}))


def frames(numbers: Sequence[int], rows: Mapping[int, ChartRow], improvements: Sequence[Improvement]) -> list[Frame]:
    """Return the frames of these candidates, as far as `rows` holds them; it holds the improvements too."""
    steps = [one.number for one in improvements]
    found = []
    for number in numbers:
        if number in rows:
            place = bisect_right(steps, number)
            found.append(Frame(rows[number], rows.get(steps[place - 1]) if place else None))
    return found


def draw_strip(shown: Sequence[Frame], words: MetricWords) -> str:
    """Draw one dot for each frame's candidate, by number and score; the worst twentieth stands on the lower edge."""
    scores = sorted(one.tried.fitness for one in shown if one.tried.fitness is not None)
    if not scores:
        return ""
    low, high = scores[int(_LOWEST_SHARE * len(scores))], scores[-1]
    span = max(high - low, 1e-9)
    last = max(shown[-1].tried.number, 1)
    dots = []
    for place, one in enumerate(shown):
        x = SIDE + (WIDTH - 2 * SIDE) * one.tried.number / last
        score = one.tried.fitness
        share = 0.0 if score is None else max(0.0, (score - low) / span)
        y = FLOOR if score is None else FLOOR - 16 - (FLOOR - 16 - TOP) * share
        kind = "lost" if score is None else "better" if one.better else "tried"
        told = "no score" if score is None else words.number(score)
        dots.append(
            f'<circle class="{kind}" data-frame="{place}" cx="{x:.1f}" cy="{y:.1f}" r="{5 if one.better else 3.5}">'
            f"<title>candidate {one.tried.number}: {told}</title></circle>"
        )
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="Scores of the candidates by their numbers, from {words.number(low)} to {words.number(high)}">'
        f'<line class="grid" x1="0" x2="{WIDTH}" y1="{FLOOR + 8}" y2="{FLOOR + 8}"/>{"".join(dots)}'
        f'<line class="now" x1="{SIDE}" x2="{SIDE}" y1="0" y2="{FLOOR + 8}"/></svg>'
    )
