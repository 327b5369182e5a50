import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.architecture import Architecture
from core.errors import InvalidArchitecture, NotFunctionPreserving
from core.growth import deepen, widen
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, LayerNormalization, MaxPooling
from core.network import Network
from core.training import TrainingConfig, train
from tests.core.builders import architecture, images, task_data
from tests.core.strategies import architectures

IMAGES = Architecture(
    (2, 7, 6),
    (
        Convolution(3, 3, "relu", padding=1),
        MaxPooling(2, 1),
        Convolution(4, 2, "relu", stride=2),
        AveragePooling(2, 1),
        Flatten(),
        Dropout(0.2),
        Dense(5, "relu"),
    ),
    3,
)


def _network(described: Architecture, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    network = Network(described)
    network.initialize(rng)
    network.parameters += (0.1 * rng.standard_normal(network.parameters.shape)).astype(np.float32)
    return network


def _assert_equal(grown: Network, network: Network, rows: int = 9) -> None:
    inputs = np.random.default_rng(1).standard_normal((rows, network.architecture.inputs)).astype(np.float32)
    expected = network.logits(inputs)

    np.testing.assert_allclose(grown.logits(inputs), expected, rtol=1e-5, atol=1e-5 * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("index", [0, 2, 6])
@pytest.mark.parametrize("factor", [1, 1.5, 3])
def test_widening_keeps_the_function(index: int, factor: float) -> None:
    network = _network(IMAGES)
    before = network.parameters.tobytes()
    layer = IMAGES.layers[index]
    units = int(factor * (layer.units if isinstance(layer, Dense) else layer.channels))  # type: ignore[union-attr]
    grown = widen(network, index, units, rng=np.random.default_rng(2))
    wider = grown.architecture.layers[index]

    assert (wider.units if isinstance(wider, Dense) else wider.channels) == units  # type: ignore[union-attr]
    assert network.parameters.tobytes() == before
    _assert_equal(grown, network)


@given(described=architectures(dropout=False), seed=st.integers(0, 99), more=st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_any_layer_before_no_normalization_can_be_widened(described: Architecture, seed: int, more: int) -> None:
    network = _network(described, seed)
    for index, layer in enumerate(described.layers):
        if isinstance(layer, Dense | Convolution):
            old = layer.units if isinstance(layer, Dense) else layer.channels
            try:
                grown = widen(network, index, old + more, rng=np.random.default_rng(seed))
            except NotFunctionPreserving:
                assume(any(isinstance(other, LayerNormalization) for other in described.layers[index:]))
                continue

            _assert_equal(grown, network)


@pytest.mark.parametrize("index", range(7))
@pytest.mark.parametrize("kernel", [1, 3])
def test_deepening_keeps_every_hidden_value(index: int, kernel: int) -> None:
    network = _network(IMAGES)
    grown = deepen(network, index, kernel=kernel)
    inputs = np.random.default_rng(1).standard_normal((9, 84)).astype(np.float32)

    assert grown.architecture.depth == IMAGES.depth + 1
    # Ones and zeros round nothing.
    np.testing.assert_array_equal(grown.logits(inputs), network.logits(inputs))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
def test_other_activations_are_no_identity(activation: str) -> None:
    network = _network(architecture(4, [3], 2, activation))  # type: ignore[arg-type]

    with pytest.raises(NotFunctionPreserving, match=rf"layers\[0\] dense: a second {activation} changes the values"):
        deepen(network, 0)
    # Widening copies units and asks nothing of the activation.
    _assert_equal(widen(network, 0, 8, rng=np.random.default_rng(0)), network)


def test_values_below_0_are_not_cut_off() -> None:
    with pytest.raises(NotFunctionPreserving, match="which the input may have"):
        deepen(_network(Architecture((6, 6), (MaxPooling(2, 2), Flatten()), 2)), 1)
    with pytest.raises(NotFunctionPreserving, match="which a normalization may have"):
        deepen(_network(Architecture((6,), (Dense(4, "relu"), LayerNormalization()), 2)), 1)


def test_a_normalization_would_notice_copies() -> None:
    network = _network(Architecture((6,), (Dense(4, "relu"), Dropout(0.1), LayerNormalization()), 2))

    with pytest.raises(NotFunctionPreserving, match=r"layers\[0\] dense: the normalization layers\[2\]"):
        widen(network, 0, 5, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("index", "units", "message"),
    [
        (0, 2, "has 3 units already"),
        (1, 9, r"layers\[1\] max_pooling: has no units"),
        (7, 9, "the network has 7 hidden layers"),
        (-1, 9, "the network has 7 hidden layers"),
        (0, 10**9, "channels must be from"),
    ],
)
def test_what_cannot_be_widened_is_named(index: int, units: int, message: str) -> None:
    with pytest.raises(InvalidArchitecture, match=message):
        widen(_network(IMAGES), index, units, rng=np.random.default_rng(0))


def test_an_even_kernel_has_no_middle() -> None:
    with pytest.raises(InvalidArchitecture, match="odd"):
        deepen(_network(IMAGES), 0, kernel=2)


def test_a_trained_network_predicts_the_same_when_grown() -> None:
    for raw in (images(), task_data("regression")):
        described = Architecture(raw.input_shape, (Dense(6, "relu"),), raw.outputs)
        network = train(described, raw.standardized(), TrainingConfig(epochs=3), seed=0).network
        grown = deepen(widen(network, 0, 12, rng=np.random.default_rng(0)), 0)
        expected = network.predict(raw.train.inputs)

        np.testing.assert_allclose(grown.predict(raw.train.inputs), expected, rtol=1e-5)
        assert grown.task == network.task


def test_copies_do_not_stay_copies() -> None:
    network = _network(architecture(6, [4], 3))
    grown = widen(network, 0, 8, rng=np.random.default_rng(0))
    outgoing = {tuple(row) for row in grown.weights[1][:-1].tolist()}

    assert len(outgoing) == 8
