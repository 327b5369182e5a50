import numpy as np
import pytest

from core.architecture import Architecture
from core.dataset import Standardization
from core.network import Network
from service.api.prediction_rows import check_finite, read_rows
from service.errors import Unprocessable


def test_rows_become_float32_in_their_order() -> None:
    rows = read_rows([[[1, 2.5]], [[-0.5, 10**20]]], (1, 2))

    assert rows.dtype == np.float32
    assert rows.tolist() == [[[1.0, 2.5]], [[-0.5, float(np.float32(1e20))]]]


def test_the_largest_number_is_one_that_float32_holds() -> None:
    largest = float(np.finfo(np.float32).max)

    assert read_rows([[largest, -largest]], (2,)).tolist() == [[largest, -largest]]
    with pytest.raises(Unprocessable) as caught:
        read_rows([[largest * 1.001]], (1,))
    assert caught.value.errors[0].pointer == "/rows/0/0"


def test_deep_shapes_are_spelled_out() -> None:
    with pytest.raises(Unprocessable, match="must be a list of 3 lists of 8 x 8 numbers; it has 1"):
        read_rows([[0]], (3, 8, 8))
    with pytest.raises(Unprocessable, match=r"must be a list of 1 number$"):
        read_rows([0], (1,))


def test_what_standardizing_drives_out_of_range_is_named_by_its_place() -> None:
    network = Network(Architecture((2, 2), (), 2))
    check_finite(network, np.full((1, 2, 2), 3e38, np.float32))
    network.standardization = Standardization(np.zeros(4, np.float32), np.array([1, 1, 1e-10, 1], np.float32))
    with pytest.raises(Unprocessable) as caught:
        check_finite(network, np.array([[[1, 1], [1, 1]], [[1, 1], [3e38, 1]]], np.float32))

    assert [error.pointer for error in caught.value.errors] == ["/rows/1/1/0"]
