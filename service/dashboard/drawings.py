"""Networks drawn as SVG: pure functions from an architecture to markup, which style.css gives its colors.

Layers are columns from left to right, joined by bands. A layer of few neurons is a column of dots, one of many a bar as
long as the logarithm of their number; feature maps are stacked squares, larger for larger maps. A layer that only hands
on what it gets (dropout, normalization, flatten) is drawn hollow.
"""

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import log2, prod
from typing import Final, Literal

from core.architecture import Architecture
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, Layer, LayerNormalization, MaxPooling

HEIGHT: Final = 300
THUMBNAIL_HEIGHT: Final = 32
MOST_DOTS: Final = 12
_CENTER: Final = 140.0
_SHORTEST: Final = 10.0
_LONGEST: Final = 210.0
_SMALLEST_MAP: Final = 16.0
_LARGEST_MAP: Final = 92.0
_MARGIN: Final = 66.0
_COLUMN: Final = 128.0
_NARROW_COLUMN: Final = 92.0
_WIDE_LAYERS: Final = 9
"""With more layers than that the columns move together."""

Shape = Literal["dots", "bar", "maps", "thin"]


@dataclass(frozen=True, slots=True)
class _Column:
    """One layer as it is drawn; `units` are the numbers that it hands on, `label` is how they are written."""

    shape: Shape
    label: str
    kind: str
    units: int
    length: float
    learns: bool


def draw_network(architecture: Architecture) -> str:
    """Draw a network from inputs to outputs, with the number of each layer above and its kind below."""
    columns = _columns(architecture)
    step = _COLUMN if len(columns) <= _WIDE_LAYERS else _NARROW_COLUMN
    centers = [_MARGIN + step * index for index in range(len(columns))]
    parts = [
        _band(left, right, centers[index], centers[index + 1]) for index, (left, right) in enumerate(pairwise(columns))
    ]
    parts += [_drawn(column, center) for column, center in zip(columns, centers, strict=True)]
    width = round(2 * _MARGIN + step * (len(columns) - 1))
    return (
        f'<svg class="network" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" role="img" '
        f'aria-label="Network {escape(architecture.describe())}">{"".join(parts)}</svg>'
    )


def draw_thumbnail(architecture: Architecture) -> str:
    """Draw a network small, without words; whatever stands beside it names it."""
    width, bars = thumbnail_bars(architecture)
    return (
        f'<svg class="thumbnail" viewBox="0 0 {width} {THUMBNAIL_HEIGHT}" width="{width}" height="{THUMBNAIL_HEIGHT}" '
        f'aria-hidden="true" focusable="false">{bars}</svg>'
    )


def thumbnail_bars(architecture: Architecture) -> tuple[int, str]:
    """Return how wide a small drawing is, and its marks, to be put into a larger one."""
    columns = _columns(architecture)
    step = min(14.0, 120 / len(columns))
    bars = "".join(
        f'<rect class="{"layer" if column.learns else "passing"}" x="{2 + step * index + step * 0.2:.1f}" '
        f'y="{16 - column.length / _LONGEST * 15:.1f}" width="{step * 0.6:.1f}" '
        f'height="{column.length / _LONGEST * 30:.1f}" rx="1"/>'
        for index, column in enumerate(columns)
    )
    return round(step * len(columns) + 4), bars


def _columns(architecture: Architecture) -> list[_Column]:
    entry = architecture.entry_shape
    stages = architecture.stages
    largest = max(architecture.inputs, *(prod(stage.after) for stage in stages))
    columns = [_column("inputs", entry, largest, learns=False)]
    columns += [_stage_column(stage.layer, stage.after, largest) for stage in stages]
    return columns


def _stage_column(layer: Layer | None, after: tuple[int, ...], largest: int) -> _Column:
    match layer:
        case None:
            return _column("outputs", after, largest)
        case Dense():
            return _column(layer.activation, after, largest)
        case Convolution():
            return _column(f"{layer.kernel}x{layer.kernel} {layer.activation}", after, largest)
        case MaxPooling():
            return _column("max pooling", after, largest, learns=False)
        case AveragePooling():
            return _column("mean pooling", after, largest, learns=False)
        case Flatten():
            return _column("flatten", after, largest, learns=False, thin=True)
        case Dropout():
            return _column(f"dropout {layer.rate:g}", after, largest, learns=False, thin=True)
        case LayerNormalization():
            return _column("normalize", after, largest, learns=False, thin=True)


def _column(kind: str, shape: tuple[int, ...], largest: int, *, learns: bool = True, thin: bool = False) -> _Column:
    units = prod(shape)
    length = _SHORTEST + (_LONGEST - _SHORTEST) * log2(units + 1) / log2(largest + 1)
    if thin:
        return _Column("thin", f"{units:,}", kind, units, length, learns)
    if len(shape) == 3:
        channels, height, width = shape
        label = f"{height}x{width}" if channels == 1 else f"{channels:,} of {height}x{width}"
        side = _SMALLEST_MAP + (_LARGEST_MAP - _SMALLEST_MAP) * log2(height * width + 1) / log2(largest + 1)
        return _Column("maps", label, kind, channels, side, learns)
    if units <= MOST_DOTS:
        length = max(length * 0.6, min(_LONGEST, 17.0 * units))
        return _Column("dots", f"{units:,}", kind, units, length, learns)
    return _Column("bar", f"{units:,}", kind, units, length, learns)


def _half_width(column: _Column) -> float:
    match column.shape:
        case "dots":
            return 8.0
        case "bar":
            return 13.0
        case "thin":
            return 5.0
        case "maps":
            return column.length / 2 + _sheets(column) * 2


def _sheets(column: _Column) -> int:
    """Return how many sheets of a stack of feature maps are drawn behind the first."""
    return min(column.units, 4) - 1


def _band(left: _Column, right: _Column, from_x: float, to_x: float) -> str:
    x1, x2 = from_x + _half_width(left), to_x - _half_width(right)
    if x2 - x1 < 1:
        return ""
    middle = (x1 + x2) / 2
    a, b = left.length / 2, right.length / 2
    y = _CENTER
    return (
        f'<path class="connection" d="M{x1:.1f},{y - a:.1f}C{middle:.1f},{y - a:.1f} {middle:.1f},{y - b:.1f} '
        f"{x2:.1f},{y - b:.1f}V{y + b:.1f}C{middle:.1f},{y + b:.1f} {middle:.1f},{y + a:.1f} "
        f'{x1:.1f},{y + a:.1f}Z"/>'
    )


def _drawn(column: _Column, center: float) -> str:
    top = _CENTER - column.length / 2
    style = "layer" if column.learns else "passing"
    match column.shape:
        case "dots":
            figure = _dots(column, center)
        case "maps":
            figure = _maps(column, center, style)
            top -= _sheets(column) * 2
        case "bar" | "thin":
            half = _half_width(column)
            figure = (
                f'<rect class="{style}" x="{center - half:.1f}" y="{top:.1f}" width="{2 * half:.1f}" '
                f'height="{column.length:.1f}" rx="{min(half, 4.0):.1f}"/>'
            )
    return (
        f'<g class="column">{figure}<text class="units" x="{center:.1f}" y="{top - 9:.1f}">{column.label}</text>'
        f'<text class="kind" x="{center:.1f}" y="{HEIGHT - 12}">{escape(column.kind)}</text></g>'
    )


def _dots(column: _Column, center: float) -> str:
    style = "neuron" if column.learns else "passing"
    gap = column.length / column.units
    radius = min(7.0, 0.42 * gap)
    first = _CENTER - column.length / 2 + gap / 2
    return "".join(
        f'<circle class="{style}" cx="{center:.1f}" cy="{first + gap * index:.1f}" r="{radius:.1f}"/>'
        for index in range(column.units)
    )


def _maps(column: _Column, center: float, style: str) -> str:
    side, sheets = column.length, _sheets(column)
    return "".join(
        f'<rect class="sheet {style}" x="{center - side / 2 + 4 * (index - sheets / 2):.1f}" '
        f'y="{_CENTER - side / 2 - 4 * (index - sheets / 2):.1f}" width="{side:.1f}" height="{side:.1f}" rx="3"/>'
        for index in reversed(range(sheets + 1))
    )
