"""Networks drawn as SVG: pure functions from an architecture to markup."""

from html import escape
from math import prod

from core.architecture import Architecture
from core.layers import Convolution, Dense, Layer

COLUMN = 130
HEIGHT = 260
BAR = 26
MARGIN = 70
SHORTEST = 10.0
LONGEST = 180.0


def draw_network(architecture: Architecture) -> str:
    """Draw a network: one bar per layer, from inputs to outputs, as long as the logarithm of its number of neurons."""
    layers = [
        ("inputs", architecture.inputs),
        *((_name(stage.layer), prod(stage.after)) for stage in architecture.stages),
    ]
    largest = max(units for _, units in layers)
    centres = [MARGIN + COLUMN * index for index in range(len(layers))]
    bars = [_length(units, largest) for _, units in layers]
    parts = [
        _connection(centres[index], bars[index], centres[index + 1], bars[index + 1])
        for index in range(len(layers) - 1)
    ]
    for (name, units), centre, length in zip(layers, centres, bars, strict=True):
        parts.append(_bar(name, units, centre, length))
    width = 2 * MARGIN + COLUMN * (len(layers) - 1)
    return (
        f'<svg class="network" viewBox="0 0 {width} {HEIGHT}" width="{width}" role="img" '
        f'aria-label="Network {escape(architecture.describe())}">{"".join(parts)}</svg>'
    )


def _name(layer: Layer | None) -> str:
    """Return the word under a layer's bar: what a layer with neurons does with its sum, or what kind it is."""
    match layer:
        case None:
            return "outputs"
        case Dense() | Convolution():
            return layer.activation
        case _:
            return layer.kind.replace("_", " ")


def _length(units: int, largest: int) -> float:
    # Bit lengths follow the logarithm closely enough for the eye, and are defined for a single neuron.
    return SHORTEST + (LONGEST - SHORTEST) * units.bit_length() / largest.bit_length()


def _connection(left: int, left_length: float, right: int, right_length: float) -> str:
    middle = HEIGHT / 2 - 10
    x1, x2 = left + BAR / 2, right - BAR / 2
    return (
        f'<polygon class="connection" points="{x1},{middle - left_length / 2:.1f} {x1},{middle + left_length / 2:.1f} '
        f'{x2},{middle + right_length / 2:.1f} {x2},{middle - right_length / 2:.1f}"/>'
    )


def _bar(name: str, units: int, centre: int, length: float) -> str:
    middle = HEIGHT / 2 - 10
    return (
        f'<rect class="layer" x="{centre - BAR / 2}" y="{middle - length / 2:.1f}" '
        f'width="{BAR}" height="{length:.1f}" rx="4"/>'
        f'<text class="units" x="{centre}" y="{middle - length / 2 - 8:.1f}">{units:,}</text>'
        f'<text class="kind" x="{centre}" y="{HEIGHT - 8}">{escape(name)}</text>'
    )
