"""The networks that a search tries first: plain designs that a person would try.

They give the search a broad first look (no hidden layer, one narrow, one wide, several) and make sure that what it
recommends was compared with the obvious. Where a design says "second activation", it tests whether the kind of
activation matters at all.
"""

from core.architecture import Architecture
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


def anchors(space: SearchSpace) -> tuple[Architecture, ...]:
    """Return the anchors that the space contains, in their order; possibly none."""
    found = []
    for place, widths in ANCHOR_WIDTHS:
        if place >= len(space.activations):
            continue
        # `build` moves widths to the bounds; an anchor that was moved is not the design that was meant.
        architecture = space.build(space.activations[place], widths)
        if architecture.widths == widths and space.contains(architecture):
            found.append(architecture)
    return tuple(found)
