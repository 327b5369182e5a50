"""Hypothesis strategies for spaces."""

from dataclasses import replace

from hypothesis import strategies as st

from core.architecture import ACTIVATIONS
from evolution.errors import InvalidSpace
from evolution.recipe import RecipeSpace
from evolution.space import SearchSpace

SHAPES = [(5,), (2, 3), (4, 4), (3, 1), (2, 5, 3)]
DROPOUT = [(0.0,), (0.0, 0.2), (0.5, 0.0, 0.25), (0.1,)]
RECIPES = [None, RecipeSpace(), RecipeSpace(0.01, 0.01, (8,), ("sgd",), (0.0,)), RecipeSpace(1e-4, 1.0, (1, 7))]


@st.composite
def spaces(draw: st.DrawFn, most: int | None = None) -> SearchSpace:
    """Small spaces of all kinds, some with limits; `most` limits their size."""
    low_layers = draw(st.integers(0, 2))
    low_units, low_channels = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    span_layers, span_units = (
        (st.integers(0, 2), st.integers(0, 3)) if most else (st.integers(0, 3), st.integers(0, 60))
    )
    shape = draw(st.sampled_from(SHAPES))
    space = SearchSpace(
        shape,
        draw(st.integers(2, 5)),
        low_layers,
        low_layers + draw(span_layers),
        low_units,
        low_units + draw(span_units),
        tuple(draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=1, max_size=3, unique=True))),
        max_blocks=0 if len(shape) == 1 else draw(st.integers(0, 2)),
        min_channels=low_channels,
        max_channels=low_channels + draw(st.integers(0, 1) if most else st.integers(0, 20)),
        kernels=tuple(draw(st.lists(st.sampled_from((1, 3, 5)), min_size=1, max_size=2, unique=True))),
        dropout=draw(st.sampled_from(DROPOUT)),
        recipe=draw(st.sampled_from(RECIPES)),
    )
    if most is not None and space.size() > most:
        space = replace(space, max_layers=1, min_layers=0, max_units=low_units, max_blocks=min(1, space.max_blocks))
    try:
        return replace(
            space,
            max_parameters=draw(st.none() | st.integers(1, 300)),
            max_inference_flops=draw(st.none() | st.integers(1, 3000)),
        )
    except InvalidSpace:
        # The limits left no network; without them there is one.
        return space


def without_limits(space: SearchSpace) -> SearchSpace:
    """The same bounds, whatever a network costs."""
    return replace(space, max_parameters=None, max_inference_flops=None)
