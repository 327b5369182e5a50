"""One random stream per decision.

No generator is ever carried from one decision to the next: a search that was interrupted between two candidates then
needs no stored generator state, and a new decision added later leaves all others as they were. Streams come from
`SeedSequence(seed, spawn_key=(purpose, number))`, NumPy's documented way to independent streams.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream decides; the values are part of every stored search, so they are never reused."""

    TRAINING = 1
    BREEDING = 2
    SELECTION = 3
    RANDOM_SEARCH = 4
    RETRAINING = 5
    FINALISTS = 6
    FEATURES = 16
    IMPORTANCE = 20


def _sequence(seed: int, purpose: int, number: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(int(purpose), number))


def stream(seed: int, purpose: int, number: int) -> np.random.Generator:
    """Return the generator of the decision `number` of this purpose: the same arguments give the same stream."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, purpose, number)))


def seed63(seed: int, purpose: int, number: int) -> int:
    """Return a seed of 63 bits, so that it fits a signed 64-bit column."""
    return int(_sequence(seed, purpose, number).generate_state(1, np.uint64)[0]) >> 1
