"""Small drawings of networks for rows and trees: pure functions from an architecture to markup."""

from html import escape
from itertools import pairwise
from math import prod
from typing import Final

from core.architecture import Architecture

WIDTH: Final = 96
HEIGHT: Final = 36
BAR: Final = 5
SHORTEST: Final = 4.0
MOST_BARS: Final = 9


def draw_thumbnail(architecture: Architecture) -> str:
    """Draw a network as small bars, one per layer, as long as the logarithm of its number of values."""
    body = thumbnail_body(architecture)
    return (
        f'<svg class="thumbnail" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="Network {escape(architecture.describe())}">{body}</svg>'
    )


def thumbnail_body(architecture: Architecture, left: float = 0.0, top: float = 0.0) -> str:
    """Return the marks of a thumbnail whose upper left corner lies at a place of a larger drawing.

    Of a network with more layers than there is room for, those in the middle become three dots.
    """
    sizes = [architecture.inputs, *(prod(stage.after) for stage in architecture.stages)]
    largest = max(sizes)
    cut = len(sizes) > MOST_BARS
    half = MOST_BARS // 2
    shown: list[int | None] = [*sizes[:half], None, *sizes[-half:]] if cut else [*sizes]
    step = (WIDTH - BAR) / (len(shown) - 1)
    places = [(left + BAR / 2 + step * index, size) for index, size in enumerate(shown)]
    middle = top + HEIGHT / 2
    parts = []
    for (start, size), (end, following) in pairwise(places):
        if size is not None and following is not None:
            first, second = _half(size, largest), _half(following, largest)
            parts.append(
                f'<polygon class="connection" points="{start:.1f},{middle - first:.1f} '
                f'{start:.1f},{middle + first:.1f} {end:.1f},{middle + second:.1f} {end:.1f},{middle - second:.1f}"/>'
            )
    for centre, size in places:
        if size is None:
            parts += [f'<circle class="layer" cx="{centre + 4 * dot:.1f}" cy="{middle}" r="1"/>' for dot in (-1, 0, 1)]
            continue
        length = 2 * _half(size, largest)
        parts.append(
            f'<rect class="layer" x="{centre - BAR / 2:.1f}" y="{middle - length / 2:.1f}" '
            f'width="{BAR}" height="{length:.1f}" rx="1.5"/>'
        )
    return "".join(parts)


def _half(size: int, largest: int) -> float:
    # Bit lengths follow the logarithm closely enough for the eye, and are defined for a single neuron.
    return (SHORTEST + (HEIGHT - SHORTEST) * size.bit_length() / largest.bit_length()) / 2
