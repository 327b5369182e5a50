import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import ACTIVATIONS, MAX_LAYERS, MAX_UNITS, Architecture, Dense
from core.errors import InvalidArchitecture

EXAMPLE = Architecture((16, 16), (Dense(128, "relu"), Dense(64, "tanh")), 10)

architectures = st.builds(
    Architecture,
    st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    st.lists(st.builds(Dense, st.integers(1, 300), st.sampled_from(ACTIVATIONS)), max_size=5).map(tuple),
    st.integers(1, 20),
)


def test_counts() -> None:
    assert EXAMPLE.inputs == 256
    assert EXAMPLE.depth == 2
    assert EXAMPLE.widths == (128, 64)
    # 257 * 128 + 129 * 64 + 65 * 10
    assert EXAMPLE.parameter_count == 32896 + 8256 + 650
    assert EXAMPLE.inference_flops == 2 * 41802
    # Forward, the parameters' gradient, and the inputs' gradient of the second and third layer.
    assert EXAMPLE.training_flops == 2 * (41802 + 41802 + 128 * 64 + 64 * 10)


def test_without_hidden_layers_it_is_logistic_regression() -> None:
    logistic = Architecture((64,), (), 10)

    assert logistic.depth == 0
    assert logistic.parameter_count == 650
    assert logistic.training_flops == 2 * logistic.inference_flops
    assert logistic.describe() == "64-10"


def test_describe() -> None:
    assert EXAMPLE.describe() == "256-[128 relu, 64 tanh]-10"


def test_equality_is_by_value() -> None:
    twin = Architecture((16, 16), (Dense(128, "relu"), Dense(64, "tanh")), 10)

    assert twin == EXAMPLE
    assert hash(twin) == hash(EXAMPLE)
    assert len({twin, EXAMPLE, Architecture((256,), EXAMPLE.layers, 10)}) == 2


@given(architectures)
@settings(deadline=None, max_examples=30)
def test_json_round_trip(architecture: Architecture) -> None:
    assert Architecture.from_json(json.loads(json.dumps(architecture.to_json()))) == architecture


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 3}, "format 3"),
        ({"format": True}, "format True"),
        ({"extra": 1}, "unknown field 'extra'"),
        ({"outputs": None}, "outputs must be an integer"),
        ({"outputs": 0}, "outputs must be from 1"),
        ({"outputs": 10.0}, "outputs must be an integer, got float"),
        ({"input_shape": []}, "input_shape"),
        ({"input_shape": [True]}, r"input_shape\[0\] must be an integer, got bool"),
        ({"input_shape": [2**20, 2]}, "limit 1048576"),
        ({"input_shape": 64}, "input_shape must be an array"),
        ({"layers": {}}, "layers must be an array"),
        (
            {"layers": [{"kind": "dense", "units": True, "activation": "relu"}]},
            r"layers\[0\].*units must be an integer",
        ),
        ({"layers": [{"kind": "dense", "units": 10**400, "activation": "relu"}]}, r"layers\[0\].*from 1 to 65536"),
        ({"layers": [{"kind": "dense", "units": 0, "activation": "relu"}]}, "from 1 to 65536, got 0"),
        ({"layers": [{"kind": "dense", "units": 4, "activation": "step"}]}, "unknown activation 'step'"),
        ({"layers": [{"kind": "dense", "units": 4, "activation": ["relu"]}]}, "unknown activation"),
        ({"layers": [{"kind": "lstm", "units": 4, "activation": "relu"}]}, "unknown kind 'lstm'"),
        ({"layers": [{"kind": "dense", "units": 4}]}, r"layers\[0\]: the field 'activation' is missing"),
        ({"layers": [7]}, r"layers\[0\]: expected a JSON object"),
        ({"layers": [{"kind": "dense", "units": 1, "activation": "relu"}] * (MAX_LAYERS + 1)}, "limit 64"),
        ({"layers": [{"kind": "dense", "units": MAX_UNITS, "activation": "relu"}] * 2}, "parameters, limit 500000000"),
    ],
)
def test_from_json_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArchitecture, match=message):
        Architecture.from_json({**EXAMPLE.to_json(), **change})


@pytest.mark.parametrize("value", [None, [], "x", {}, {"format": 1}])
def test_from_json_refuses_other_values(value: object) -> None:
    with pytest.raises(InvalidArchitecture):
        Architecture.from_json(value)


def test_construction_refuses_lists_and_strangers() -> None:
    with pytest.raises(InvalidArchitecture, match="input_shape must be a tuple"):
        Architecture([4], (), 2)  # type: ignore[arg-type]
    with pytest.raises(InvalidArchitecture, match="layers must be a tuple"):
        Architecture((4,), [], 2)  # type: ignore[arg-type]
    with pytest.raises(InvalidArchitecture, match=r"layers\[0\] must be one of Dense"):
        Architecture((4,), (8,), 2)  # type: ignore[arg-type]
