"""Hypothesis strategies for spaces."""

from hypothesis import strategies as st

from core.architecture import ACTIVATIONS
from evolution.errors import InvalidSpace
from evolution.space import SearchSpace


@st.composite
def spaces(draw: st.DrawFn, most: int | None = None) -> SearchSpace:
    """Small spaces, some with a limit on parameters; `most` limits their size."""
    low_layers = draw(st.integers(0, 2))
    low_units = draw(st.integers(1, 4))
    span_layers, span_units = (
        (st.integers(0, 2), st.integers(0, 3)) if most else (st.integers(0, 3), st.integers(0, 60))
    )
    activations = draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=1, max_size=3, unique=True))
    try:
        space = SearchSpace(
            (draw(st.integers(1, 9)),),
            draw(st.integers(2, 5)),
            low_layers,
            low_layers + draw(span_layers),
            low_units,
            low_units + draw(span_units),
            tuple(activations),
            draw(st.none() | st.integers(1, 300)),
        )
    except InvalidSpace:
        # The limit left no network; without it there is one.
        space = SearchSpace((3,), 2, low_layers, low_layers, low_units, low_units, tuple(activations))
    if most is not None and space.size() > most:
        return SearchSpace((3,), 2, 0, 2, 1, 4, tuple(activations)[:1], draw(st.none() | st.integers(12, 40)))
    return space
