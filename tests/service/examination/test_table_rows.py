import numpy as np
import pytest

from service.data.category_input import CategoryInput
from service.data.encoder import Encoder
from service.data.number_input import NumberInput
from service.data.text_input import TextInput
from service.examination.table_rows import axis_of, cells_of

pytestmark = pytest.mark.slow


def number(name: str, *, indicator: bool = False, shift: float = 0.0, scale: float = 1.0) -> NumberInput:
    return NumberInput(name, "number", 5.0, indicator, shift, scale, -1e9, 1e9)


def test_numbers_become_the_cells_again_that_they_were() -> None:
    encoder = Encoder(
        (
            number("year", shift=2000.0, scale=10.0),
            number("gap", indicator=True),
            CategoryInput("color", ("green", "red"), "red", indicator=True),
            TextInput("note", ("good", "bad", "ugly"), ()),
        )
    )
    row = np.array([1.5, 5.0, 1.0, 0.0, 1.0, 0.0, 0.0, 2.0, 1.0], np.float32)
    other = np.array([0.0, 4.25, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], np.float32)

    assert [(cell.name, cell.value) for cell in cells_of(row, encoder)] == [
        ("year", "2015"),
        ("gap", "missing"),
        ("color", "red"),
        ("note", "words: bad, ugly"),
    ]
    assert [cell.value for cell in cells_of(other, encoder)] == ["2000", "4.25", "missing", "words: none that is known"]


def test_a_value_that_training_did_not_have_is_another_one() -> None:
    encoder = Encoder((CategoryInput("color", ("green", "red"), "red", indicator=False),))

    assert cells_of(np.zeros(2, np.float32), encoder)[0].value == "another value"


def test_an_axis_is_in_the_unit_of_its_column() -> None:
    encoder = Encoder((number("a"), number("year", shift=2000.0, scale=10.0)))

    axis, shift, scale = axis_of(1, encoder, -1.0, 1.0)

    assert (axis.name, axis.low, axis.high, shift, scale) == ("year", 1990.0, 2010.0, 2000.0, 10.0)


def test_a_column_that_gives_both_inputs_has_two_axes() -> None:
    encoder = Encoder((number("a", indicator=True),))

    assert [axis_of(index, encoder, 0.0, 1.0)[0].name for index in (0, 1)] == ["a (1)", "a (2)"]
    assert [axis_of(index, None, 0.0, 1.0)[0].name for index in (0, 1)] == ["x", "y"]
