from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, LayerNormalization, MaxPooling
from service.dashboard.drawings import MOST_DOTS, draw_network, draw_thumbnail

SVG = "{http://www.w3.org/2000/svg}"


def _parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(  # noqa: S314 - our own markup
        markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    )


def _columns(drawing: ElementTree.Element) -> list[ElementTree.Element]:
    return drawing.findall(f"{SVG}g")


def _texts(drawing: ElementTree.Element, kind: str) -> list[str | None]:
    return [text.text for text in drawing.iter(f"{SVG}text") if text.get("class") == kind]


@given(st.lists(st.integers(1, 4096), max_size=16), st.integers(2, 1000))
def test_every_layer_is_a_column_of_dots_or_a_bar_with_its_number(widths: list[int], outputs: int) -> None:
    drawing = _parsed(draw_network(Architecture((16, 16), tuple(Dense(units, "relu") for units in widths), outputs)))

    columns = _columns(drawing)
    units = [256, *widths, outputs]
    assert _texts(drawing, "units") == [f"{count:,}" for count in units]
    assert len(drawing.findall(f"{SVG}path")) == len(widths) + 1
    for column, count in zip(columns, units, strict=True):
        dots = 0 if count > MOST_DOTS else count
        assert len(column.findall(f"{SVG}circle")) == dots
        assert len(column.findall(f"{SVG}rect")) == (0 if dots else 1)


@given(st.lists(st.integers(1, 4096), max_size=64))
def test_everything_lies_inside_the_drawing(widths: list[int]) -> None:
    drawing = _parsed(draw_network(Architecture((3,), tuple(Dense(units, "tanh") for units in widths), 2)))

    _, _, width, height = map(float, drawing.get("viewBox", "").split())
    for text in drawing.iter(f"{SVG}text"):
        assert 0 < float(text.get("x", "-1")) < width
        assert 12 < float(text.get("y", "-1")) < height
    for dot in drawing.iter(f"{SVG}circle"):
        assert 0 < float(dot.get("cy", "-1")) < height - 20


def test_the_drawing_says_in_words_what_it_shows() -> None:
    drawing = _parsed(draw_network(Architecture((64,), (Dense(8, "tanh"),), 3)))

    assert drawing.get("aria-label") == "Network 64-[8 tanh]-3"


def test_every_kind_of_layer_has_a_look() -> None:
    layers = (
        Convolution(8, 3, "relu"),
        MaxPooling(2, 2),
        AveragePooling(2, 2),
        LayerNormalization(),
        Dropout(0.25),
        Flatten(),
        Dense(32, "tanh"),
    )
    drawing = _parsed(draw_network(Architecture((16, 16), layers, 10)))

    assert _texts(drawing, "kind") == [
        "inputs",
        "3x3 relu",
        "max pooling",
        "mean pooling",
        "normalize",
        "dropout 0.25",
        "flatten",
        "tanh",
        "outputs",
    ]
    assert _texts(drawing, "units") == [
        *("16x16", "8 of 14x14", "8 of 7x7", "8 of 3x3"),
        *("72", "72", "72", "32", "10"),
    ]
    learns = ["passing" not in (column[0].get("class") or "") for column in _columns(drawing)]
    assert learns == [False, True, False, False, False, False, False, True, True]


def test_a_larger_layer_is_a_longer_bar() -> None:
    drawing = _parsed(draw_network(Architecture((64,), (Dense(18, "tanh"), Dense(512, "tanh")), 30)))

    heights = [float(bar.get("height", "0")) for bar in drawing.iter(f"{SVG}rect")]
    assert heights[1] < heights[3] < heights[0] < heights[2]


@pytest.mark.parametrize("depth", [0, 3, 64])
def test_a_thumbnail_has_a_bar_for_each_layer_and_stays_small(depth: int) -> None:
    drawing = _parsed(draw_thumbnail(Architecture((64,), (Dense(8, "tanh"),) * depth, 3)))

    assert len(drawing.findall(f"{SVG}rect")) == depth + 2
    assert float(drawing.get("width", "0")) <= 130
    assert drawing.get("aria-hidden") == "true"
