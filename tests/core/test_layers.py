import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from core.architecture import FORMAT, Architecture
from core.errors import InvalidArchitecture
from core.layers import (
    AveragePooling,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNormalization,
    MaxPooling,
)
from core.network import Network
from tests.core.strategies import architectures

LENET: tuple[Layer, ...] = (
    Convolution(8, 3, "relu", padding=1),
    MaxPooling(2, 2),
    Convolution(16, 5, "tanh", stride=2, padding=2),
    AveragePooling(2, 1),
    Flatten(),
    LayerNormalization(),
    Dropout(0.25),
    Dense(32, "relu"),
)
EXAMPLE = Architecture((3, 16, 12), LENET, 10)


def test_shapes() -> None:
    assert [stage.after for stage in EXAMPLE.stages] == [
        (8, 16, 12),
        (8, 8, 6),
        (16, 4, 3),
        (16, 3, 2),
        (96,),
        (96,),
        (96,),
        (32,),
        (10,),
    ]


def test_counts_by_hand() -> None:
    # 3 * 9 + 1 rows for 8 channels; 8 * 25 + 1 for 16; gain and bias of 96; 97 * 32; 33 * 10.
    assert EXAMPLE.weight_shapes == ((28, 8), (201, 16), (2, 96), (97, 32), (33, 10))
    assert EXAMPLE.parameter_count == 224 + 3216 + 192 + 3104 + 330
    # Each convolution uses its weights at every place: 16 * 12 and 4 * 3 of them.
    assert EXAMPLE.inference_flops == 2 * (224 * 192 + 3216 * 12 + 3104 + 330)
    inner = 200 * 16 * 12 + 96 * 32 + 32 * 10
    assert EXAMPLE.training_flops == 2 * EXAMPLE.inference_flops + 2 * inner
    assert EXAMPLE.depth == 8
    assert EXAMPLE.widths == (8, 16, 32)
    assert EXAMPLE.activations == ("relu", "tanh", "relu")
    assert not EXAMPLE.is_dense


def test_describe() -> None:
    assert EXAMPLE.describe() == (
        "3x16x12-[8 conv 3x3+1 relu, max 2x2, 16 conv 5x5/2+2 tanh, average 2x2/1, flatten, norm, dropout 0.25, "
        "32 relu]-10"
    )


def test_an_image_without_channels_has_one() -> None:
    assert Architecture((16, 12), (Convolution(2, 3, "relu"), Flatten()), 2).entry_shape == (1, 16, 12)
    assert Architecture((16, 12), (Dense(4, "relu"),), 2).entry_shape == (192,)


@given(architectures())
@settings(deadline=None, max_examples=50)
def test_json_round_trip(architecture: Architecture) -> None:
    value = json.loads(json.dumps(architecture.to_json()))

    assert Architecture.from_json(value) == architecture
    assert value["format"] == (1 if architecture.is_dense else FORMAT)
    assert hash(Architecture.from_json(value)) == hash(architecture)


@given(architectures())
@settings(deadline=None, max_examples=50)
def test_the_stages_agree_with_the_arrays(architecture: Architecture) -> None:
    network = Network(architecture)

    assert len(network.parameters) == architecture.parameter_count == sum(w.size for w in network.weights)
    for stage, following in zip(architecture.stages, architecture.stages[1:], strict=False):
        assert stage.after == following.before


def test_documents_of_format_1_still_load() -> None:
    value = {
        "format": 1,
        "input_shape": [16, 16],
        "layers": [{"kind": "dense", "units": 128, "activation": "relu"}],
        "outputs": 10,
    }

    assert Architecture.from_json(value) == Architecture((16, 16), (Dense(128, "relu"),), 10)
    assert Architecture.from_json(value).to_json() == value
    assert Architecture.from_json({**value, "format": 2}).to_json() == value


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Convolution(4, 17, "relu")], r"layers\[0\] convolution: a window of 17x17 does not fit into 16x12"),
        (
            [Convolution(4, 3, "relu"), MaxPooling(11, 1)],
            r"layers\[1\] max_pooling: a window of 11x11 does not fit into 14x10",
        ),
        (
            [AveragePooling(2, 2), Dense(4, "relu")],
            r"layers\[1\] dense: takes a vector, gets \(3, 8, 6\); put a flatten",
        ),
        ([Flatten(), Convolution(4, 3, "relu")], r"layers\[1\] convolution: takes an image .*, gets \(576,\)"),
        ([Dense(4, "relu"), MaxPooling(2, 2)], r"layers\[0\] dense: takes a vector"),
        ([Convolution(4, 3, "relu")], r"output layer takes a vector, gets \(4, 14, 10\) from layers\[0\] convolution"),
        ([Dense(1, "relu"), LayerNormalization()], r"layers\[1\] layer_normalization: needs at least two values"),
    ],
)
def test_layers_that_do_not_fit_are_named(layers: list[Layer], message: str) -> None:
    with pytest.raises(InvalidArchitecture, match=message):
        Architecture((3, 16, 12), tuple(layers), 10)


def test_inputs_that_are_no_images_are_refused() -> None:
    with pytest.raises(InvalidArchitecture, match=r"layers\[1\] convolution: takes images.* but the input is \(64,\)"):
        Architecture((64,), (Dropout(0.5), Convolution(2, 3, "relu"), Flatten()), 2)


def test_gigantic_layers_are_refused() -> None:
    with pytest.raises(InvalidArchitecture, match=r"layers\[0\] convolution: \d+ values per sample, limit"):
        Architecture((1, 1024, 1024), (Convolution(4096, 63, "relu", padding=62), Flatten()), 2)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            {"kind": "convolution", "channels": 4, "kernel": 3, "activation": "relu", "stride": 0, "padding": 0},
            "stride",
        ),
        (
            {"kind": "convolution", "channels": 4, "kernel": 3, "activation": "relu", "stride": 1, "padding": 3},
            "padding",
        ),
        (
            {"kind": "convolution", "channels": 0, "kernel": 3, "activation": "relu", "stride": 1, "padding": 0},
            "channels",
        ),
        (
            {"kind": "convolution", "channels": 4, "kernel": True, "activation": "relu", "stride": 1, "padding": 0},
            "kernel",
        ),
        ({"kind": "convolution", "channels": 4, "kernel": 3, "activation": "step", "stride": 1, "padding": 0}, "step"),
        ({"kind": "convolution", "channels": 4}, "'activation' is missing"),
        ({"kind": "max_pooling", "size": 0, "stride": 1}, "max_pooling layer: size"),
        ({"kind": "average_pooling", "size": 2, "stride": 1.0}, "average_pooling layer: stride"),
        ({"kind": "average_pooling", "size": 2, "stride": 1, "padding": 1}, "unknown field 'padding'"),
        ({"kind": "dropout", "rate": 1.0}, "rate must be a number from"),
        ({"kind": "dropout", "rate": float("nan")}, "rate must be a number from"),
        ({"kind": "dropout", "rate": True}, "rate must be a number from"),
        ({"kind": ["dense"]}, "unknown kind"),
        ({"units": 4}, "'kind' is missing"),
    ],
)
def test_from_json_names_layer_and_field(layer: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArchitecture, match=rf"layers\[0\].*{message}"):
        Architecture.from_json({"format": 2, "input_shape": [9, 9], "layers": [layer], "outputs": 2})


def test_format_1_knows_dense_layers_only() -> None:
    value = {"format": 1, "input_shape": [9], "layers": [{"kind": "dropout", "rate": 0.5}], "outputs": 2}

    with pytest.raises(InvalidArchitecture, match=r"unknown kind 'dropout'; known are dense"):
        Architecture.from_json(value)


def test_first_weights_of_every_kind() -> None:
    network = Network(EXAMPLE)
    network.initialize(np.random.default_rng(0))
    convolution, _, normalization, dense, output = network.weights

    assert np.abs(convolution[:-1]).max() <= np.sqrt(6 / 27)
    assert np.abs(convolution[:-1]).max() > 0.9 * np.sqrt(6 / 27)
    assert (normalization[0] == 1).all()
    assert not normalization[1].any()
    for weights in (convolution, dense, output):
        assert not weights[-1].any()
