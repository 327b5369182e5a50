import numpy as np

from service.data.category_input import CategoryInput
from service.data.table import Texts

COLORS = Texts("color", np.array([1, 0, 0, 2, -1, 3]), ("red", "blue", "green", "new"))


def fitted() -> CategoryInput:
    # The last row is no training row, so its value is unknown.
    result = CategoryInput.fit(COLORS, np.arange(5))
    assert result is not None
    return result


def encoded(column: Texts) -> list[list[float]]:
    out = np.full((len(column), *fitted().shape), 9, np.float32)
    fitted().encode(column, out)
    values: list[list[float]] = out.tolist()
    return values


def test_one_input_for_each_value_of_the_training_rows() -> None:
    assert (fitted().values, fitted().fill, fitted().indicator) == (("blue", "green", "red"), "red", True)
    assert encoded(COLORS) == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]


def test_cells_of_json_are_read_alike() -> None:
    column = fitted().column(["red", " blue ", None, "NA", "new", 5, True])

    assert [row[:3] for row in encoded(column)] == [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 1], *[[0, 0, 0]] * 3]


def test_no_value_in_the_training_rows() -> None:
    assert CategoryInput.fit(COLORS, np.array([4])) is None


def test_the_most_frequent_values_are_kept() -> None:
    codes = np.concatenate([np.repeat(np.arange(100), 3), np.arange(100, 150)])
    column = Texts("place", codes, tuple(f"p{place:03}" for place in range(150)))

    result = CategoryInput.fit(column, np.arange(len(codes)))

    assert result is not None
    assert result.values == column.values[:100]
