import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from core.architecture import ACTIVATIONS, ActivationName, Architecture
from core.arrays import Array, aligned
from core.chain import Chain, ChainInference
from core.dropout import Noise
from core.forward import Inference
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, Layer, LayerNormalization, MaxPooling
from core.network import Network, weight_views
from tests.core.builders import architecture
from tests.core.strategies import architectures


class Trial:
    """A network in any float type with one batch and a random direction: the loss is direction * logits, summed."""

    def __init__(self, described: Architecture, rows: int, dtype: npt.DTypeLike = np.float64, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        network = Network(described)
        network.initialize(rng)
        self.parameters: Array = aligned((described.parameter_count,), dtype)
        self.parameters[:] = network.parameters
        # Biases start at 0 and gains at 1; other values make sure that gradients are looked at away from there.
        self.parameters += 0.1 * rng.standard_normal(self.parameters.shape)
        self.gradient = aligned(self.parameters.shape, dtype)
        self.inputs: Array = np.ones((described.inputs + 1, rows), dtype)
        self.inputs[:-1] = rng.standard_normal((described.inputs, rows))
        self.direction = rng.standard_normal((described.outputs, rows)).astype(dtype)
        self.noise = Noise(np.random.default_rng(1))
        gradients = weight_views(described, self.gradient)
        self.weights = weight_views(described, self.parameters)
        self.chain = Chain(described, self.weights, rows, gradients=gradients, noise=self.noise)

    def loss(self) -> float:
        self.noise.generator = np.random.default_rng(1)
        return float((self.chain.forward(self.inputs) * self.direction).sum())

    def analytic(self) -> Array:
        self.loss()
        self.chain.logits[:] = self.direction
        self.chain.backward(self.inputs)
        return self.gradient.copy()

    def numeric(self) -> Array:
        result = np.empty_like(self.parameters)
        delta = 1e-6
        for index, value in enumerate(self.parameters.copy()):
            self.parameters[index] = value + delta
            above = self.loss()
            self.parameters[index] = value - delta
            below = self.loss()
            self.parameters[index] = value
            result[index] = (above - below) / (2 * delta)
        return result


def _check_gradient(described: Architecture, rows: int, seed: int = 0) -> None:
    trial = Trial(described, rows, seed=seed)
    numeric = trial.numeric()

    np.testing.assert_allclose(trial.analytic(), numeric, rtol=1e-5, atol=1e-5 * max(1e-3, np.abs(numeric).max()))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_gradient_of_a_convolution(activation: ActivationName, stride: int, padding: int) -> None:
    first, second = Convolution(2, 2, activation), Convolution(3, 3, activation, stride, padding)
    _check_gradient(Architecture((2, 6, 5), (first, second, Flatten()), 2), rows=3)


@pytest.mark.parametrize(
    "layer",
    [
        MaxPooling(2, 2),
        MaxPooling(3, 1),
        MaxPooling(2, 3),
        AveragePooling(2, 2),
        AveragePooling(3, 1),
        AveragePooling(2, 3),
        LayerNormalization(),
        Dropout(0.3),
    ],
)
def test_gradient_of_layers_behind_a_convolution(layer: Layer) -> None:
    _check_gradient(Architecture((7, 6), (Convolution(2, 2, "tanh"), layer, Flatten()), 2), rows=4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_layers_on_vectors(activation: ActivationName) -> None:
    layers = (Dense(5, activation), LayerNormalization(), Dropout(0.3), Dense(4, activation))
    _check_gradient(Architecture((4,), layers, 2), rows=3)
    _check_gradient(Architecture((4,), (LayerNormalization(),), 2), rows=3)
    _check_gradient(Architecture((4,), (Dropout(0.5), LayerNormalization(), Dropout(0.5)), 2), rows=3)


@given(architectures())
@settings(deadline=None, max_examples=40)
def test_gradient_of_any_network(described: Architecture) -> None:
    # relu and max pooling have kinks; tanh networks of the same shape have only those of pooling, which random numbers
    # miss.
    trial = Trial(described, 3)
    # As in a training: gelu's exp may overflow, and the reciprocal of infinity is the right answer.
    with np.errstate(over="ignore"):
        _check_along_a_line(trial)


def _check_along_a_line(trial: Trial) -> None:
    direction = np.random.default_rng(5).standard_normal(trial.parameters.shape)
    analytic = float(trial.analytic() @ direction)
    start = trial.parameters.copy()
    estimates = []
    for delta in (1e-5, 1e-6, 1e-7):
        trial.parameters[:] = start + delta * direction
        above = trial.loss()
        trial.parameters[:] = start - delta * direction
        estimates.append((above - trial.loss()) / (2 * delta))
        trial.parameters[:] = start
    scale = max(1.0, abs(analytic), float(np.abs(trial.analytic()).sum()))

    assert min(abs(estimate - analytic) for estimate in estimates) < 1e-5 * scale


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_dense_chain_equals_the_dense_path(activation: ActivationName, depth: int) -> None:
    described = architecture(6, [7, 5, 8][:depth], 3, activation)
    network = Network(described)
    network.initialize(np.random.default_rng(0))
    inputs = np.random.default_rng(1).standard_normal((300, 6)).astype(np.float32)
    expected = Inference(network.weights, described.activations)(inputs)

    np.testing.assert_allclose(ChainInference(described, network.weights)(inputs), expected, rtol=1e-5, atol=1e-6)


@given(architectures())
@settings(deadline=None, max_examples=30)
def test_inference_does_not_depend_on_the_chunks(described: Architecture) -> None:
    network = Network(described)
    network.initialize(np.random.default_rng(0))
    inputs = np.random.default_rng(1).standard_normal((20, described.inputs)).astype(np.float32)
    together = network.logits(inputs)
    alone = np.concatenate([network.logits(inputs[row : row + 1]) for row in range(20)])

    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_worked_convolution() -> None:
    # A 3x3 image and a 2x2 kernel: each output by hand, with padding 1 and stride 2.
    described = Architecture((3, 3), (Convolution(1, 2, "relu", stride=2, padding=1), Flatten()), 1)
    network = Network(described)
    network.weights[0][:] = np.array([[1], [2], [3], [4], [0.5]])
    network.weights[1][:] = np.array([[1], [10], [100], [1000], [0]])
    image = np.arange(1, 10, dtype=np.float32).reshape(1, 9)
    # Windows (0 0 / 0 1), (0 0 / 2 3), (0 4 / 0 7), (5 6 / 8 9), times (1 2 / 3 4), plus 0.5.
    expected = [4.5, 18.5, 36.5, 77.5]

    assert network.logits(image)[0, 0] == sum(value * 10**power for power, value in enumerate(expected))


def test_worked_pooling() -> None:
    image = np.array([[1, 5, 2, 0], [3, 4, 8, 1], [0, 0, 7, 6]], np.float32).reshape(1, 12)
    for layer, expected in ((MaxPooling(2, 1), [5, 8, 8, 4, 8, 8]), (AveragePooling(2, 2), [3.25, 2.75])):
        described = Architecture((3, 4), (layer, Flatten()), len(expected))
        network = Network(described)
        network.weights[0][:-1] = np.eye(len(expected))

        np.testing.assert_array_equal(network.logits(image)[0], expected)


def test_the_first_of_equal_pixels_gets_the_gradient() -> None:
    # A convolution that passes its input on, so that its bias's gradient counts what pooling hands back.
    described = Architecture((2, 2), (Convolution(1, 1, "relu"), MaxPooling(2, 2), Flatten()), 1)
    trial = Trial(described, 1)
    trial.parameters[:] = [1, 0, 1, 0]
    trial.inputs[:-1] = 3
    trial.direction[:] = 1

    # Weight: one of four equal pixels, 3 * 1; bias 1; output weight 3, bias 1.
    assert trial.analytic().tolist() == [3, 1, 3, 1]


def test_dropout_keeps_the_mean_and_is_off_outside_training() -> None:
    described = Architecture((2000,), (Dropout(0.3),), 1)
    network = Network(described)
    network.weights[0][:-1] = 1 / 2000
    inputs = np.ones((1, 2000), np.float32)

    assert network.logits(inputs)[0, 0] == pytest.approx(1, rel=1e-5)

    gradients = weight_views(described, np.zeros(2001, np.float32))
    chain = Chain(described, network.weights, 1, gradients=gradients, noise=Noise(np.random.default_rng(0)))
    draws = [float(chain.forward(np.ones((2001, 1), np.float32))[0, 0]) for _ in range(50)]

    assert np.mean(draws) == pytest.approx(1, abs=0.01)
    assert np.std(draws) == pytest.approx(np.sqrt(0.3 / 0.7 / 2000), rel=0.4)


def test_training_dropout_needs_noise() -> None:
    described = Architecture((3,), (Dropout(0.3),), 1)
    network = Network(described)

    with pytest.raises(ValueError, match="needs noise"):
        Chain(described, network.weights, 1, gradients=network.weights)


@pytest.mark.parametrize("value", [0.0, 1e-42, 1e30, -1e30])
def test_normalization_of_equal_values_is_finite(value: float) -> None:
    described = Architecture((8,), (LayerNormalization(),), 2)
    trial = Trial(described, 2, np.float32)
    trial.inputs[:-1] = value

    # The square of a rounding of 1e30 overflows; a division by infinity is 0 again.
    with np.errstate(over="ignore"):
        assert np.isfinite(trial.analytic()).all()


def _peak(run: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_pass_allocates_nothing(activation: ActivationName) -> None:
    layers = (
        Convolution(8, 3, activation, padding=1),
        MaxPooling(2, 2),
        Dropout(0.2),
        LayerNormalization(),
        Convolution(8, 3, activation, stride=2),
        AveragePooling(2, 1),
        Flatten(),
        Dense(32, activation),
    )
    trial = Trial(Architecture((16, 16), layers, 10), 64, np.float32)
    inputs = np.ascontiguousarray(trial.inputs.T).T

    def step() -> None:
        trial.chain.forward(inputs)
        trial.chain.backward(inputs)

    step()

    # An array of the first layer is 524,288 bytes. NumPy's iterator buffers 8,192 values where booleans meet floats.
    assert _peak(step) < 100_000
