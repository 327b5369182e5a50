import numpy as np
import pytest

from core.architecture import Architecture, Dense
from core.layers import Convolution, Dropout, Flatten, LayerNormalization, MaxPooling
from core.network import Network
from service.examination.limits import SHOWN_NEURONS
from service.examination.pictures import first_layer, picture_of, pixels_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((8, 6), (8, 6, 1)), ((3, 5, 4), (5, 4, 3)), ((64,), None), ((2, 100), None), ((1, 2, 3, 4), None)],
)
def test_which_inputs_are_pictures(shape: tuple[int, ...], expected: tuple[int, int, int] | None) -> None:
    found = picture_of(shape)

    assert (None if found is None else (found.height, found.width, found.channels)) == expected


def test_pixels_go_from_the_lowest_to_the_highest_value() -> None:
    row = np.array([[-1.0, 0.0], [1.0, 3.0]])

    assert pixels_of(row, -1.0, 1.0) == [0, 128, 255, 255]
    assert pixels_of(row, 2.0, 2.0) == [0, 0, 0, 0]


def test_neurons_are_pictures_of_their_weights_the_strongest_first() -> None:
    network = Network(Architecture((3, 4), (Dense(2, "relu"),), 2))
    network.weights[0][:12, 0] = 1.0
    network.weights[0][:12, 1] = np.arange(12)

    found = first_layer(network, ("a", "b"))

    assert found is not None
    assert (found.kind, found.height, found.width, found.count, found.largest) == ("neurons", 3, 4, 2, 11.0)
    assert [image.label for image in found.images] == ["1", "0"]
    assert found.images[0].values == list(range(12))


def test_without_hidden_layers_the_outputs_are_shown_under_the_names_of_the_classes() -> None:
    network = Network(Architecture((3, 3), (Flatten(), Dropout(0.5)), 2))

    found = first_layer(network, ("b", "a"))

    assert found is not None
    assert (found.kind, [image.label for image in found.images]) == ("outputs", ["b", "a"])


def test_kernels_of_several_channels_stand_side_by_side() -> None:
    network = Network(Architecture((2, 6, 6), (Convolution(3, 2, "relu"), Flatten()), 2))
    # Channel by channel, row by row.
    network.weights[0][:8, 0] = np.arange(8)

    found = first_layer(network, ("a", "b"))

    assert found is not None
    assert (found.kind, found.height, found.width, found.count) == ("kernels", 2, 4, 3)
    assert found.images[0].values == [0, 1, 4, 5, 2, 3, 6, 7]


@pytest.mark.parametrize("layers", [(MaxPooling(2, 2), Flatten()), (Flatten(), LayerNormalization(), Dense(3, "relu"))])
def test_what_does_not_look_at_the_picture_itself_is_not_shown(layers: tuple[object, ...]) -> None:
    network = Network(Architecture((6, 6), layers, 2))  # type: ignore[arg-type]

    assert first_layer(network, ("a", "b")) is None


def test_not_more_neurons_are_shown_than_a_page_can_hold() -> None:
    many = first_layer(Network(Architecture((4, 4), (Dense(500, "relu"),), 2)), ("a", "b"))
    large = first_layer(Network(Architecture((3, 64, 64), (Flatten(), Dense(500, "relu")), 2)), ("a", "b"))

    assert many is not None
    assert large is not None
    assert (len(many.images), many.count) == (SHOWN_NEURONS, 500)
    assert len(large.images) == 5
