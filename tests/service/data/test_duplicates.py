import numpy as np

from service.data.duplicates import equal_images, equal_rows
from service.data.table import Numbers, Texts


def test_rows_are_equal_when_all_cells_are() -> None:
    numbers = Numbers("a", np.array([1.0, 1.0, 0.0, -0.0, np.nan, np.nan, 2.0]))
    texts = Texts("b", np.array([0, 0, 1, 1, -1, -1, 0]), ("x", "y"))

    equal = equal_rows([numbers, texts])

    assert equal[0] == equal[1]
    assert equal[2] == equal[3]
    assert equal[4] == equal[5]
    assert len(set(equal.tolist())) == 4


def test_the_order_of_columns_matters() -> None:
    first, second = Numbers("a", np.array([1.0, 2.0])), Numbers("b", np.array([2.0, 1.0]))

    assert len(set(equal_rows([first, second]).tolist())) == 2


def test_many_different_rows_stay_different() -> None:
    grid = np.indices((300, 300)).reshape(2, -1).astype(np.float64)

    equal = equal_rows([Numbers("a", grid[0]), Numbers("b", grid[1])])

    assert len(np.unique(equal)) == 90_000


def test_images() -> None:
    images = np.zeros((4, 2, 2), np.float32)
    images[1] = images[3] = 1

    assert equal_images(images).tolist() == [0, 1, 0, 1]
