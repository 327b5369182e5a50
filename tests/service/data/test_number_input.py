import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.data.number_input import NumberInput
from service.data.table import Numbers

finite = st.floats(allow_nan=True, allow_infinity=False)


def encoded(column: Numbers, fitted: NumberInput) -> np.ndarray:
    out = np.empty((len(column), *fitted.shape), np.float32)
    fitted.encode(column, out)
    return out


def test_numbers_enter_as_they_are() -> None:
    column = Numbers("a", np.array([1.0, 2.5, -3.0]))

    fitted = NumberInput.fit(column, np.arange(3))

    assert encoded(column, fitted)[:, 0].tolist() == [1.0, 2.5, -3.0]


def test_missing_cells_get_the_median_of_the_training_rows() -> None:
    column = Numbers("a", np.array([1.0, 2.0, 9.0, np.nan, 1_000.0]))

    fitted = NumberInput.fit(column, np.arange(4))

    assert fitted.fill == 2
    assert encoded(column, fitted).tolist() == [[1, 0], [2, 0], [9, 0], [2, 1], [1_000, 0]]


def test_a_single_hole_among_many_gets_no_indicator() -> None:
    column = Numbers("a", np.concatenate([[np.nan], np.arange(200.0)]))

    assert not NumberInput.fit(column, np.arange(201)).indicator


@pytest.mark.parametrize("scale", [1e-300, 1e-40, 1.0, 1e40, 1e130])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_differences_survive_32_bits(scale: float, offset: float) -> None:
    values = (np.arange(100.0) + offset) * scale
    column = Numbers("a", values)

    result = encoded(column, NumberInput.fit(column, np.arange(100)))[:, 0].astype(np.float64)

    assert len(np.unique(result)) == 100
    np.testing.assert_allclose(np.corrcoef(result, np.arange(100))[0, 1], 1, rtol=1e-6)


@settings(deadline=None)
@given(st.lists(finite, min_size=2, max_size=30), st.lists(finite, min_size=1, max_size=5))
def test_whatever_comes_is_finite(train: list[float], later: list[float]) -> None:
    fitted = NumberInput.fit(Numbers("a", np.array(train)), np.arange(len(train)))

    result = encoded(Numbers("a", np.array(train + later)), fitted)

    assert np.isfinite(result).all()
    assert np.abs(result).max() <= 1e30


def test_dates_are_days() -> None:
    fitted = NumberInput.fit(Numbers("a", np.array([0.0, 1.0, 2.0]), "moment"), np.arange(3))

    assert encoded(fitted.column(["1970-01-02", "1970-01-02 12:00"]), fitted)[:, 0].tolist() == [1.0, 1.5]
