"""Write `waves.npz`: short signals as NumPy keeps them, `X` of shape (rows, 48) and `y` with the name of the wave."""

import numpy as np

ROWS = 900
STEPS = 48

rng = np.random.default_rng(4)
kinds = rng.choice(["saw", "sine", "square"], ROWS)
time = np.linspace(0, 2, STEPS)
phase, speed = rng.random((ROWS, 1)), rng.uniform(0.8, 2.0, (ROWS, 1))
turns = speed * time + phase
waves = {
    "saw": 2 * (turns % 1) - 1,
    "sine": np.sin(2 * np.pi * turns),
    "square": np.sign(np.sin(2 * np.pi * turns)),
}
signals = np.select([(kinds == kind)[:, None] for kind in waves], list(waves.values()))
signals += rng.normal(0, 0.6, signals.shape)
np.savez_compressed("waves.npz", X=signals.astype(np.float32), y=kinds)
print("waves.npz")
