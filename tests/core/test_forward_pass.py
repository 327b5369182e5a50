import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import ACTIVATIONS, ActivationName, Architecture
from core.dataset import Standardization
from core.network import Network
from tests.core import reference
from tests.core.builders import architecture
from tests.core.strategies import architectures


def built(described: Architecture) -> Network:
    network = Network(described)
    rng = np.random.default_rng(3)
    network.initialize(rng)
    network.parameters += 0.1 * rng.standard_normal(network.parameters.shape).astype(np.float32)
    return network


@given(activation=st.sampled_from(ACTIVATIONS), widths=st.lists(st.integers(1, 9), max_size=3))
@settings(deadline=None, max_examples=20)
def test_hidden_layers_put_out_what_the_reference_says(activation: ActivationName, widths: list[int]) -> None:
    network = built(architecture(4, widths, 3, activation))
    inputs = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)
    weights = [matrix.astype(np.float64) for matrix in network.weights]
    sums = reference.forward(weights, network.activations, inputs.astype(np.float64))
    hidden = network.forward_pass(inputs).hidden

    assert [one.values.shape for one in hidden] == [(5, width) for width in widths]
    for one, z in zip(hidden, sums[:-1], strict=True):
        np.testing.assert_allclose(one.values, reference.activate(activation, z), rtol=1e-4, atol=1e-5)


@given(described=architectures())
@settings(deadline=None, max_examples=40)
def test_the_logits_are_those_of_the_plain_pass_and_follow_from_every_layer(described: Architecture) -> None:
    network = built(described)
    inputs = np.random.default_rng(1).standard_normal((2, described.inputs)).astype(np.float32)
    found = network.forward_pass(inputs)

    np.testing.assert_array_equal(found.logits, network.logits(inputs))
    assert [one.layer for one in found.hidden] == list(described.layers)
    for place, one in enumerate(found.hidden):
        rest = Architecture(one.values.shape[1:], described.layers[place + 1 :], described.outputs)
        following = network.weights[len(network.weights) - len(rest.weight_shapes) :]
        if [matrix.shape for matrix in following] != list(rest.weight_shapes):
            continue  # a normalization by channel, which without a convolution behind it is one by value
        other = Network(rest)
        for matrix, weights in zip(other.weights, following, strict=True):
            matrix[:] = weights
        behind = other.logits(one.values.reshape(2, -1))

        np.testing.assert_allclose(behind, found.logits, rtol=1e-3, atol=1e-4)


def test_raw_inputs_are_standardized_and_too_many_rows_refused() -> None:
    network = built(architecture(3, [4], 2))
    network.standardization = Standardization(np.full(3, 4, np.float32), np.full(3, 10, np.float32))
    raw = np.array([[1.0, 20, 3]])
    logits = network.forward_pass(raw).logits

    np.testing.assert_array_equal(network.probabilities_of(logits), network.predict_probabilities(raw))
    np.testing.assert_array_equal(network.predictions_of(logits), network.predict(raw))
    with pytest.raises(ValueError, match="1 to 256 rows, got 257"):
        network.forward_pass(np.zeros((257, 3)))
