import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import ACTIVATIONS, ActivationName, Architecture, Dense
from core.dataset import TASKS, Standardization
from core.errors import InvalidDataset
from core.network import Network
from tests.core import reference
from tests.core.builders import architecture


def _network(described: Architecture, seed: int = 0) -> Network:
    network = Network(described)
    network.initialize(np.random.default_rng(seed))
    return network


def test_weights_are_views_of_one_vector() -> None:
    network = _network(architecture(5, [4, 3], 2))

    assert network.parameters.dtype == np.float32
    assert [matrix.shape for matrix in network.weights] == [(6, 4), (5, 3), (4, 2)]
    network.parameters[:] = np.arange(network.parameters.size)
    assert network.weights[1][0, 0] == 24
    assert network.weights[2][-1].tolist() == [45, 46]


@given(
    activation=st.sampled_from(ACTIVATIONS),
    widths=st.lists(st.integers(1, 9), max_size=3),
    rows=st.sampled_from([1, 2, 255, 256, 257, 600]),
)
@settings(deadline=None, max_examples=20)
def test_logits_equal_the_reference(activation: ActivationName, widths: list[int], rows: int) -> None:
    network = _network(architecture(4, widths, 3, activation))
    network.parameters += np.float32(0.1)
    inputs = np.random.default_rng(1).standard_normal((rows, 4)).astype(np.float32)
    weights = [matrix.astype(np.float64) for matrix in network.weights]
    expected = reference.forward(weights, network.activations, inputs.astype(np.float64))[-1]

    np.testing.assert_allclose(network.logits(inputs), expected, rtol=1e-4, atol=1e-5)


def test_predictions_standardize_raw_inputs_of_either_shape() -> None:
    network = _network(Architecture((2, 3), (Dense(4, "relu"),), 3))
    raw = np.random.default_rng(0).standard_normal((5, 2, 3)) * 10 + 4
    plain = network.predict_probabilities(raw)
    network.standardization = Standardization(np.full(6, 4, np.float32), np.full(6, 10, np.float32))
    prepared = ((raw - 4) / 10).reshape(5, 6).astype(np.float32)
    probabilities = network.predict_probabilities(raw)

    assert not np.allclose(plain, probabilities)
    np.testing.assert_allclose(
        probabilities, np.exp(reference.log_softmax(network.logits(prepared).astype(np.float64))), rtol=1e-4
    )
    np.testing.assert_array_equal(probabilities, network.predict_probabilities(raw.reshape(5, 6)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities.dtype == np.float32
    predicted = network.predict(raw)
    assert predicted.dtype == np.int64
    np.testing.assert_array_equal(predicted, probabilities.argmax(axis=1))


def test_no_rows_give_no_predictions() -> None:
    network = _network(architecture(4, [3], 2))

    assert network.predict(np.zeros((0, 4))).shape == (0,)
    assert network.predict_probabilities(np.zeros((0, 4))).shape == (0, 2)


def test_equal_logits_name_the_first_class() -> None:
    assert Network(architecture(4, [3], 5)).predict(np.ones((2, 4))).tolist() == [0, 0]


def test_huge_logits_give_finite_probabilities() -> None:
    network = Network(architecture(1, [], 2))
    network.parameters[:] = [1e6, -1e6, 0, 0]

    assert network.predict_probabilities(np.array([[1.0], [-1.0]])).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros(4), r"expected inputs \(n, \*\(4,\)\) or \(n, 4\), got \(4,\)"),
        (np.zeros((2, 5)), r"got \(2, 5\)"),
        (np.full((1, 4), np.nan), "NaN"),
        (np.full((1, 4), 1e300), "too large"),
        (np.array([["a"] * 4]), "expected numbers"),
        (np.zeros((1, 4), complex), "expected numbers"),
    ],
)
def test_wrong_inputs_are_named(inputs: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidDataset, match=message):
        _network(architecture(4, [3], 2)).predict(inputs)


def test_read_only_and_integer_inputs_are_taken() -> None:
    network = _network(architecture(4, [3], 2))
    inputs = np.arange(8, dtype=np.uint8).reshape(2, 4)
    inputs.flags.writeable = False

    np.testing.assert_array_equal(network.predict(inputs), network.predict(inputs.astype(np.float64)))


def test_a_copy_is_whole_and_apart() -> None:
    network = _network(architecture(4, [3], 2))
    twin = copy.deepcopy(network)
    twin.parameters[:] = 0

    assert not twin.weights[0].any()
    assert network.weights[0].any()


def test_standardization_must_fit() -> None:
    with pytest.raises(InvalidDataset, match="for 3 inputs, the network has 4"):
        Network(
            architecture(4, [], 2), standardization=Standardization(np.zeros(3, np.float32), np.ones(3, np.float32))
        )


def test_predictions_of_every_task() -> None:
    described = architecture(2, [], 1)
    inputs = np.array([[3.0, 0.0], [-3.0, 0.0]])
    for task in TASKS:
        network = Network(described, task=task)
        network.parameters[:] = [1, 0, 0]
        predicted = network.predict(inputs)
        np.testing.assert_array_equal(network.predict_prepared(inputs.astype(np.float32)), predicted)
        match task:
            case "classification":
                assert predicted.tolist() == [0, 0]
            case "binary":
                assert predicted.tolist() == [1, 0]
                yes = 1 / (1 + np.exp(-3))
                np.testing.assert_allclose(
                    network.predict_probabilities(inputs), [[1 - yes, yes], [yes, 1 - yes]], rtol=1e-5
                )
            case "multi_label":
                assert predicted.tolist() == [[1], [0]]
                assert network.predict_probabilities(inputs).shape == (2, 1)
            case "regression":
                assert predicted.tolist() == [[3], [-3]]
                network.target_standardization = Standardization(np.full(1, 10, np.float32), np.full(1, 2, np.float32))
                assert network.predict(inputs).tolist() == [[16], [4]]
                with pytest.raises(InvalidDataset, match="no probabilities"):
                    network.predict_probabilities(inputs)


def test_huge_logits_give_finite_probabilities_for_yes_and_no() -> None:
    network = Network(architecture(1, [], 1), task="binary")
    network.parameters[:] = [1e6, 0]

    assert network.predict_probabilities(np.array([[1.0], [-1.0]])).tolist() == [[0, 1], [1, 0]]


def test_tasks_must_fit() -> None:
    with pytest.raises(InvalidDataset, match="a binary task takes one output, the architecture has 2"):
        Network(architecture(1, [], 2), task="binary")
    with pytest.raises(InvalidDataset, match="task 'ranking' is unknown"):
        Network(architecture(1, [], 2), task="ranking")  # type: ignore[arg-type]
    with pytest.raises(InvalidDataset, match="target standardization for 1 columns, the network is for classification"):
        Network(
            architecture(1, [], 2),
            target_standardization=Standardization(np.zeros(1, np.float32), np.ones(1, np.float32)),
        )


def test_a_copy_keeps_task_and_units() -> None:
    units = Standardization(np.full(2, 5, np.float32), np.full(2, 3, np.float32))
    network = Network(architecture(4, [3], 2), task="regression", target_standardization=units)
    twin = copy.deepcopy(network)

    np.testing.assert_array_equal(twin.predict(np.ones((1, 4))), network.predict(np.ones((1, 4))))
    assert twin.task == "regression"
