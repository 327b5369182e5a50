"""Two spirals wound around each other: two inputs, and a task on which structure decides.

After K. J. Lang and M. J. Witbrock, "Learning to Tell Two Spirals Apart", Connectionist Models Summer School 1988. One
wide hidden layer learns them slowly, several narrow ones soon, and a straight line not at all.
"""

import numpy as np

from service.data.digits import Arrays

SEED = 1988
ROWS_PER_SPIRAL = 1000
TURNS = 2.5
NOISE = 0.015


def make_spirals() -> Arrays:
    """Return inputs (2000, 2), about -1 to 1, and targets (2000,): the same on every call.

    Points lie evenly along the area, so the radius is the root of an even share; noise moves both coordinates.
    """
    # The stream of RandomState is frozen by NumPy's promise (NEP 19), that of a Generator is not, and the data set's
    # fingerprint must not change with a release of NumPy.
    rng = np.random.RandomState(SEED)
    radius = np.sqrt(rng.random_sample((2, ROWS_PER_SPIRAL)))
    angle = 2 * np.pi * TURNS * radius + np.array([[0.0], [np.pi]])
    points = radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    points += NOISE * rng.standard_normal(points.shape)
    return points.reshape(-1, 2).astype(np.float32), np.repeat(np.arange(2), ROWS_PER_SPIRAL).astype(np.int64)
