import tracemalloc

import numpy as np
import pytest

from core import chain
from core.architecture import Architecture
from core.arrays import aligned
from core.chain_step import ChainBuffer, ChainStepper
from core.layers import Convolution, Dense, Flatten, LayerNormalization, MaxPooling
from core.network import Network
from core.objective import SoftmaxObjective
from core.optimizer import Adam
from core.step import EpochBuffer
from tests.core.builders import random_rows

IMAGES = Architecture(
    (8, 8),
    (Convolution(4, 3, "relu", padding=1), MaxPooling(2, 2), LayerNormalization(), Flatten(), Dense(8, "tanh")),
    3,
)


def _trained(batch_rows: int, *, weights: bool = False, rows: int = 50) -> tuple[np.ndarray, float]:
    """Return the parameters after one epoch, and its loss."""
    inputs, targets = random_rows(rows, 64, 3)
    network = Network(IMAGES)
    network.initialize(np.random.default_rng(0))
    gradient = aligned(network.parameters.shape, np.float32)
    optimizer = Adam(network.parameters, gradient, rows=batch_rows, momentum=0.9)
    stepper = ChainStepper(IMAGES, network.weights, gradient, SoftmaxObjective, optimizer, batch_rows)
    factors = np.linspace(0.5, 1.5, rows) if weights else None
    buffer = ChainBuffer(inputs.astype(np.float32), targets, factors, batch_rows, np.float32)
    buffer.shuffle(rng=np.random.default_rng(1))
    stepper.run(buffer.batches, np.full(len(buffer.batches), 0.01))
    return network.parameters.copy(), buffer.loss()


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("piece", [1, 3, 7, 16])
def test_pieces_change_nothing_but_roundings(monkeypatch: pytest.MonkeyPatch, weights: bool, piece: int) -> None:
    whole, whole_loss = _trained(20, weights=weights)
    # The largest array of this network holds (9 + 1) * 64 numbers per row.
    monkeypatch.setattr(chain, "PIECE_VALUES", 640 * piece)
    pieces, loss = _trained(20, weights=weights)

    assert loss == pytest.approx(whole_loss, rel=1e-5)
    np.testing.assert_allclose(pieces, whole, rtol=1e-3, atol=1e-4)


def test_pieces_are_even_and_only_for_images() -> None:
    assert chain.piece_rows(IMAGES, 32) == 32
    # 2^18 / 640 = 409 rows fit.
    assert chain.piece_rows(IMAGES, 410) == 205
    assert chain.piece_rows(IMAGES, 1000) == 334
    assert chain.piece_rows(Architecture((2**18,), (Dense(8, "relu"),), 2), 1000) == 1000
    assert chain.piece_rows(Architecture((1024, 1024), (MaxPooling(2, 2), Flatten()), 2), 10) == 1


def test_rows_come_in_the_order_of_the_dense_path() -> None:
    inputs, targets = random_rows(10, 3, 4)
    plain = EpochBuffer(inputs, targets, 4, 4, np.float64)
    chained = ChainBuffer(inputs, targets, np.arange(10.0), 4, np.float64)
    for buffer in (plain, chained):
        buffer.shuffle(rng=np.random.default_rng(5))

    for one, other in zip(plain.batches, chained.batches, strict=True):
        for gather in (one.gather, other.gather):
            if gather is not None:
                gather()

        np.testing.assert_array_equal(one.inputs_transposed, other.inputs)
    np.testing.assert_array_equal(np.concatenate([batch.targets for batch in chained.batches]), targets[plain.order])
    weights = [batch.weights for batch in chained.batches if batch.weights is not None]
    np.testing.assert_array_equal(np.concatenate(weights), plain.order)


def test_a_step_allocates_next_to_nothing() -> None:
    inputs, targets = random_rows(512, 64, 3)
    network = Network(IMAGES)
    network.initialize(np.random.default_rng(0))
    gradient = aligned(network.parameters.shape, np.float32)
    optimizer = Adam(network.parameters, gradient, rows=128, momentum=0.9)
    stepper = ChainStepper(IMAGES, network.weights, gradient, SoftmaxObjective, optimizer, 128)
    buffer = ChainBuffer(inputs, targets, None, 128, np.float32)
    buffer.shuffle(rng=np.random.default_rng(0))
    rates = np.full(len(buffer.batches), 0.001)
    stepper.run(buffer.batches, rates)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        stepper.run(buffer.batches, rates)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    # The first layer's output is 131,072 bytes; NumPy's iterator buffers 8,192 values where booleans meet floats.
    assert peak < 100_000
