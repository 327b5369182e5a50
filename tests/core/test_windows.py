import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import InvalidArchitecture
from core.layers import window_counts
from core.windows import places


@given(
    shape=st.tuples(st.just(1), st.integers(1, 9), st.integers(1, 9)),
    size=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 4),
)
@settings(deadline=None, max_examples=200)
def test_places_cut_what_the_windows_see(shape: tuple[int, int, int], size: int, stride: int, padding: int) -> None:
    assume(padding < size <= min(shape[1:]) + 2 * padding)
    _, height, width = shape
    down, across = window_counts(shape, size, stride, padding)
    image = np.arange(1, height * width + 1, dtype=float).reshape(1, height, width)
    padded = np.pad(image[0], padding)
    seen = np.zeros((1, size, size, down, across))
    for place in places(shape, size, stride, padding):
        place.of_windows(seen[:, place.row, place.column])[:] = place.of_image(image)

    for row in range(down):
        for column in range(across):
            top, left = row * stride, column * stride

            np.testing.assert_array_equal(seen[0, :, :, row, column], padded[top : top + size, left : left + size])


def test_a_window_larger_than_the_image_is_refused() -> None:
    with pytest.raises(InvalidArchitecture, match="a window of 5x5 does not fit into 4x2 with padding 1"):
        window_counts((3, 4, 2), 5, 1, 1)
