import base64
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from service.dashboard.pictures import picture_address


def _opened(address: str) -> Image.Image:
    head, _, content = address.partition(",")

    assert head == "data:image/png;base64"

    opened = Image.open(io.BytesIO(base64.b64decode(content, validate=True)))
    opened.load()
    return opened


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_a_gray_picture_is_read_back_as_it_was(pixels: NDArray[np.uint8]) -> None:
    opened = _opened(picture_address(pixels, 0, 255))

    assert opened.mode == "L"
    assert np.array_equal(np.asarray(opened), pixels)


def test_three_channels_are_colors_and_others_their_mean() -> None:
    red = np.stack([np.ones((2, 3)), np.zeros((2, 3)), np.zeros((2, 3))])

    opened = _opened(picture_address(red, 0, 1))
    assert opened.size == (3, 2)
    assert opened.getpixel((1, 1)) == (255, 0, 0)
    assert _opened(picture_address(red[:2], 0, 1)).getpixel((0, 0)) == 127


def test_values_outside_the_range_and_none_at_all_make_a_picture() -> None:
    odd = np.array([[-5.0, np.nan], [np.inf, 0.5]])

    assert np.asarray(_opened(picture_address(odd, 0, 1))).tolist() == [[0, 0], [255, 127]]
    assert np.asarray(_opened(picture_address(np.zeros((1, 1)), 0, 0))).tolist() == [[0]]
