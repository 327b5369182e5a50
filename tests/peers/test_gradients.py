import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import Architecture
from core.arrays import Array, aligned
from core.chain import Chain
from core.layers import AveragePooling, Convolution, Dense, Flatten, Layer, LayerNormalization, MaxPooling
from core.network import Network, weight_views
from core.step import Batch, EpochBuffer, Gradient
from tests.core.builders import architecture
from tests.core.strategies import architectures
from tests.peers.losses import LOSSES, loss_targets
from tests.peers.torch_twin import from_flat, twin, with_ones


def _compare(described: Architecture, rows: int, seed: int, dtype: npt.DTypeLike, tolerance: float) -> None:
    """Hold our outputs and gradients, computed in `dtype`, against torch's in float64.

    In float32 torch itself is off by up to 2e-6 where a sum runs over thousands of places, so it cannot be the measure.
    """
    rng = np.random.default_rng(seed)
    network = Network(described)
    network.initialize(rng)
    parameters, gradient = (aligned((described.parameter_count,), dtype) for _ in range(2))
    parameters[:] = network.parameters + 0.1 * rng.standard_normal(parameters.shape)
    weights, gradients = weight_views(described, parameters), weight_views(described, gradient)
    inputs: Array = rng.standard_normal((rows, described.inputs)).astype(dtype)
    direction: Array = rng.standard_normal((rows, described.outputs)).astype(dtype)

    chain = Chain(described, weights, rows, gradients=gradients)
    outputs = chain.forward(with_ones(inputs)).T.copy()
    chain.logits[:] = direction.T
    chain.backward(with_ones(inputs))

    peer = twin(described, weights, torch.float64)
    peer_outputs = peer(torch.tensor(inputs, dtype=torch.float64))
    peer_outputs.backward(torch.tensor(direction, dtype=torch.float64))

    scale = float(np.abs(peer_outputs.detach().numpy()).max())
    np.testing.assert_allclose(outputs, peer_outputs.detach().numpy(), rtol=tolerance, atol=tolerance * scale)
    for ours, parameter in zip(from_flat(peer, gradients), peer.parameters(), strict=True):
        theirs = parameter.grad.numpy()

        assert np.linalg.norm(ours - theirs) <= tolerance * max(float(np.linalg.norm(theirs)), 1e-3)


@pytest.mark.slow
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12)),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 4),
    channels=st.integers(1, 6),
    rows=st.integers(1, 9),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=150)
def test_convolution(
    shape: tuple[int, int, int], kernel: int, stride: int, padding: int, channels: int, rows: int, seed: int
) -> None:
    padding = min(padding, kernel - 1)
    padding = max(padding, (kernel - min(shape[1:]) + 1) // 2)
    # The first convolution makes the second one hand a gradient back.
    layers = (Convolution(2, 1, "tanh"), Convolution(channels, kernel, "tanh", stride, padding), Flatten())
    _compare(Architecture(shape, layers, 2), rows, seed, np.float64, 1e-12)


@pytest.mark.slow
@given(described=architectures(dropout=False), rows=st.integers(1, 9), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_any_network_in_float64(described: Architecture, rows: int, seed: int) -> None:
    _compare(described, rows, seed, np.float64, 1e-9)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("size", [8, 16])
def test_a_small_convolutional_network_in_float32(activation: str, size: int) -> None:
    layers = (
        Convolution(8, 3, activation, padding=1),  # type: ignore[arg-type]
        Convolution(16, 3, activation, stride=2, padding=1),  # type: ignore[arg-type]
        Flatten(),
    )
    _compare(Architecture((size, size), layers, 10), 32, 0, np.float32, 1e-6)


BEHIND_A_CONVOLUTION: dict[str, tuple[Layer, ...]] = {
    "max pooling": (MaxPooling(2, 2),),
    "overlapping max pooling": (MaxPooling(3, 1),),
    "average pooling": (AveragePooling(2, 2),),
    "overlapping average pooling": (AveragePooling(3, 2),),
    "normalization of images": (LayerNormalization(),),
    "normalization of vectors": (Flatten(), Dense(24, "gelu"), LayerNormalization(), Dense(16, "tanh")),
}


@pytest.mark.parametrize("layers", BEHIND_A_CONVOLUTION.values(), ids=BEHIND_A_CONVOLUTION)
def test_every_other_kind_of_layer_in_float32(layers: tuple[Layer, ...]) -> None:
    flattened = () if Flatten() in layers else (Flatten(),)
    described = Architecture((2, 8, 8), (Convolution(6, 3, "tanh", padding=1), *layers, *flattened), 10)
    _compare(described, 32, 0, np.float32, 1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_in_float32(loss: str) -> None:
    make, peer = LOSSES[loss]
    rng = np.random.default_rng(0)
    outputs, targets = (3 * rng.standard_normal((32, 4))).astype(np.float32), loss_targets(loss, 32)
    ours, losses = outputs.T.copy(), np.empty(32, np.float32)
    make(ours)(targets.T, None, losses)

    theirs = torch.tensor(outputs, dtype=torch.float64, requires_grad=True)
    wanted = torch.tensor(targets)
    mean = peer(theirs, wanted if wanted.dtype == torch.int64 else wanted.double())
    mean.backward()

    assert losses.mean(dtype=np.float64) == pytest.approx(float(mean.detach()), rel=1e-6)
    gradient = theirs.grad.numpy()
    assert np.linalg.norm(ours.T / 32 - gradient) <= 1e-6 * np.linalg.norm(gradient)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_the_dense_step_in_float32(activation: str) -> None:
    described = architecture(64, [64, 32], 10, activation)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    network = Network(described)
    network.initialize(rng)
    gradient = aligned((described.parameter_count,), np.float32)
    gradients = weight_views(described, gradient)
    inputs = rng.standard_normal((32, 64)).astype(np.float32)
    targets = rng.integers(0, 10, 32)
    buffer = EpochBuffer(inputs, targets, 10, 32, np.float32)
    buffer.shuffle(rng=rng)
    batch: Batch = buffer.batches[0]
    Gradient(network.weights, gradients, network.activations, 32)(batch)

    peer = twin(described, network.weights)
    chosen = buffer.order
    loss = torch.nn.functional.cross_entropy(
        peer(torch.tensor(inputs[chosen])), torch.tensor(targets[chosen]), reduction="sum"
    )
    loss.backward()

    for ours, parameter in zip(from_flat(peer, gradients), peer.parameters(), strict=True):
        theirs = parameter.grad.numpy()

        assert np.linalg.norm(ours - theirs) <= 1e-6 * np.linalg.norm(theirs)
