from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture
from core.layers import Convolution, Dense, Flatten, MaxPooling
from service.dashboard.drawings import draw_network

SVG = "{http://www.w3.org/2000/svg}"


def _drawn(architecture: Architecture) -> ElementTree.Element:
    markup = draw_network(architecture).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ElementTree.fromstring(markup)  # noqa: S314 - our own markup


@given(st.lists(st.integers(1, 4096), max_size=16), st.integers(2, 1000))
def test_every_layer_is_one_bar_with_its_number(widths: list[int], outputs: int) -> None:
    drawing = _drawn(Architecture((16, 16), tuple(Dense(units, "relu") for units in widths), outputs))

    bars = drawing.findall(f"{SVG}rect")
    numbers = [text.text for text in drawing.findall(f"{SVG}text") if text.get("class") == "units"]
    assert len(bars) == len(widths) + 2
    assert numbers == [f"{units:,}" for units in (256, *widths, outputs)]
    assert len(drawing.findall(f"{SVG}polygon")) == len(widths) + 1


def test_the_drawing_says_in_words_what_it_shows() -> None:
    drawing = _drawn(Architecture((64,), (Dense(8, "tanh"),), 3))

    assert drawing.get("aria-label") == "Network 64-[8 tanh]-3"


def test_layers_without_neurons_are_drawn_with_the_values_they_hand_on() -> None:
    layers = (Convolution(8, 3, "relu"), MaxPooling(2, 2), Flatten(), Dense(32, "tanh"))
    drawing = _drawn(Architecture((16, 16), layers, 10))

    texts = [text.text for text in drawing.findall(f"{SVG}text")]
    assert texts[1::2] == ["inputs", "relu", "max pooling", "flatten", "tanh", "outputs"]
    assert texts[0::2] == ["256", "1,568", "392", "392", "32", "10"]


def test_a_larger_layer_is_a_longer_bar() -> None:
    drawing = _drawn(Architecture((64,), (Dense(8, "tanh"), Dense(512, "tanh")), 3))

    heights = [float(bar.get("height", "0")) for bar in drawing.findall(f"{SVG}rect")]
    assert heights[3] < heights[1] < heights[0] < heights[2]
