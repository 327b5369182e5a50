"""Worked examples, by hand."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from core.architecture import Architecture
from core.dataset import Dataset, Split
from core.network import Network
from service.examination import findings
from service.examination.findings import Answers
from service.examination.limits import GRID

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "c")

# Six rows: two of a (one taken for b), three of b (one taken for c), one of c.
PROBABILITIES = np.array(
    [
        [0.9, 0.05, 0.05],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.1, 0.6, 0.3],
        [0.0, 0.05, 0.95],
        [0.3, 0.3, 0.4],
    ]
)
TRUE = np.array([0, 0, 1, 1, 1, 2])
PREDICTED = PROBABILITIES.argmax(axis=1)
ANSWERS = Answers(TRUE, PREDICTED, PROBABILITIES, -np.log(PROBABILITIES[np.arange(6), TRUE]))


def test_shares_by_class() -> None:
    told = [(one.name, one.rows, one.right) for one in findings.by_class(ANSWERS, NAMES)]

    assert told == [("a", 2, 1), ("b", 3, 2), ("c", 1, 1)]


def test_the_confusion_matrix_and_its_largest_cells() -> None:
    matrix, mistakes = findings.confusion(ANSWERS, NAMES)

    assert matrix == [[1, 1, 0], [0, 2, 1], [0, 0, 1]]
    assert [(one.true, one.predicted, one.rows) for one in mistakes] == [("a", "b", 1), ("b", "c", 1)]


def test_of_many_classes_only_the_mistakes_are_told() -> None:
    names = tuple(str(number) for number in range(61))

    matrix, mistakes = findings.confusion(ANSWERS, names)

    assert matrix is None
    assert len(mistakes) == 2


def test_calibration() -> None:
    found = findings.calibration(ANSWERS)

    assert found is not None
    assert [(one.low, one.rows, one.right) for one in found.bins] == [
        (0.3, 1, 1.0),
        (0.5, 1, 1.0),
        (0.6, 1, 0.0),
        (0.7, 1, 1.0),
        (0.8, 1, 1.0),
        (0.9, 1, 0.0),
    ]
    # Distances 0.6, 0.4, 0.7, 0.2, 0.1 and 0.95, each for a sixth of the rows.
    assert found.error == pytest.approx(2.95 / 6)


def test_there_is_nothing_to_calibrate_without_probabilities() -> None:
    assert findings.calibration(Answers(np.zeros(2), np.zeros(2), None, np.zeros(2))) is None


def table(inputs: list[list[float]], targets: npt.NDArray[Any], names: tuple[str, ...]) -> Dataset:
    split = Split(np.array(inputs, np.float32), targets)
    return Dataset("t", "classification", (len(inputs[0]),), names, split, split, None, "f")


def test_the_worst_rows_are_the_wrong_ones_with_the_highest_loss() -> None:
    raw = table([[float(row), 0.5] for row in range(6)], TRUE, NAMES)

    rows = findings.worst_rows(ANSWERS, raw, None, NAMES)

    assert [(one.row, one.true, one.predicted, one.probability) for one in rows] == [
        (4, "b", "c", 0.95),
        (1, "a", "b", 0.7),
    ]
    assert rows[0].cells is not None
    assert [(cell.name, cell.value) for cell in rows[0].cells] == [("input 1", "4"), ("input 2", "0.5")]
    assert rows[0].pixels is None


def test_the_fit_of_a_regression() -> None:
    true, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0])

    fit = findings.regression_fit(Answers(true, predicted, None, np.abs(predicted - true)))

    assert fit.mae == pytest.approx(2 / 3)
    assert fit.rmse == pytest.approx((4 / 3) ** 0.5)
    assert fit.r2 == pytest.approx(1 - 4 / 2)
    assert [(one.true, one.predicted) for one in fit.points] == [(1.0, 1.0), (2.0, 2.0), (3.0, 5.0)]


def test_the_map_of_two_features_covers_the_data_with_a_margin() -> None:
    raw = table([[0.0, -10.0], [1.0, 10.0]], np.array([0, 1]), ("low", "high"))
    network = Network(Architecture((2,), (), 2))
    # Class 1 wherever x lies above a half, whatever y is.
    network.weights[0][:] = [[0.0, 8.0], [0.0, 0.0], [0.0, -4.0]]
    answers = findings.answer(network, raw, raw)

    found = findings.regions(network, answers, raw, None)

    assert found is not None
    assert (found.x.low, found.x.high) == (-0.08, 1.08)
    assert (found.y.low, found.y.high) == pytest.approx((-11.6, 11.6))
    grid = np.array(found.answers).reshape(GRID, GRID)
    assert (grid == grid[0]).all()
    assert grid[0].tolist() == [0.0] * (GRID // 2) + [1.0] * (GRID // 2)
    assert found.certainty is not None
    assert min(found.certainty) >= 50
    assert [(one.x, one.y, one.true, one.predicted) for one in found.points] == [(0, -10, 0, 0), (1, 10, 1, 1)]


def test_there_is_no_map_of_three_features() -> None:
    raw = table([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]], np.array([0, 1]), ("low", "high"))
    network = Network(Architecture((3,), (), 2))

    assert findings.regions(network, findings.answer(network, raw, raw), raw, None) is None
