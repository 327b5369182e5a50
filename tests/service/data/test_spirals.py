import numpy as np

from core.dataset import fingerprint
from service.data.spirals import NOISE, ROWS_PER_SPIRAL, TURNS, make_spirals


def test_every_point_lies_on_its_spiral_but_for_the_noise() -> None:
    inputs, targets = make_spirals()
    radius = np.hypot(*inputs.T)
    # On a spiral the angle says the radius; the second is the first turned by half a circle.
    angle = np.arctan2(inputs[:, 1], inputs[:, 0]) - np.pi * targets
    turns = radius * TURNS - angle / (2 * np.pi)
    off = np.abs(turns - np.round(turns)) / TURNS

    assert np.bincount(targets).tolist() == [ROWS_PER_SPIRAL] * 2
    # Near the middle a small step changes the angle much.
    assert np.quantile(off[radius > 0.3], 0.99) < 4 * NOISE


def test_the_points_are_the_same_everywhere() -> None:
    inputs, targets = make_spirals()

    # Written down once: a changed data set would make stored scores incomparable. To three decimals, because sine and
    # cosine may differ in the last bit from one machine to another.
    coarse = np.round(inputs, 3).astype(np.float32) + np.float32(0)
    assert fingerprint(coarse, targets, ("first", "second"))[:12] == "5ebe54717e96"
