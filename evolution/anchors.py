"""The networks that a search tries first: plain designs that a person would try.

They give the search a broad first look (no hidden layer, one narrow, one wide, several; for images convolutions too)
and make sure that what it recommends was compared with the obvious. Where a design says "second activation", it tests
whether the kind of activation matters at all. All have the least dropout of the space.
"""

from core.architecture import Architecture
from evolution.genome import Block, Genome
from evolution.space import SearchSpace

ANCHOR_WIDTHS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (0, ()),
    (0, (32,)),
    (0, (128,)),
    (0, (64, 64)),
    (1, (128,)),
    (0, (128, 128)),
    (1, (64, 64)),
    (0, (64, 64, 64)),
    (0, (256,)),
    (1, (128, 128, 128)),
)
"""Which of the space's activations (by place), and the widths; () is logistic regression."""

ANCHOR_CHANNELS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((16,), (64,)),
    ((8, 16), (64,)),
)
"""The channels of 3x3 convolution blocks, then the widths, all with the space's first activation."""

ANCHOR_KERNEL = 3


def anchors(space: SearchSpace) -> tuple[Architecture, ...]:
    """Return the anchors that the space contains, in their order; possibly none."""
    rate = min(space.dropout)
    designs = [
        Genome(space.activations[place], widths, dropout=rate if widths else 0.0)
        for place, widths in ANCHOR_WIDTHS
        if place < len(space.activations)
    ]
    if space.max_blocks:
        designs += [
            Genome(space.activations[0], widths, tuple(Block(wide, ANCHOR_KERNEL) for wide in channels), rate)
            for channels, widths in ANCHOR_CHANNELS
        ]
    # `build` moves widths to the bounds; an anchor that was moved is not the design that was meant.
    built = [(genome, space.build(genome)) for genome in designs]
    return tuple(one for genome, one in built if space.genome_of(one) == genome and space.contains(one))
