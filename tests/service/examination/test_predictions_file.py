import csv
import io

import numpy as np
import pytest

from service.examination.findings import Answers
from service.examination.predictions_file import predictions_csv

pytestmark = pytest.mark.slow


def test_every_row_is_told_and_no_name_is_a_formula() -> None:
    probabilities = np.array([[0.75, 0.25], [0.5, 0.5]])
    answers = Answers(np.array([0, 1]), np.array([0, 0]), probabilities, np.array([0.2877, 0.6931]))

    rows = list(csv.reader(io.StringIO(predictions_csv(answers, ("=1+1", 'a "b", c')))))

    assert rows == [
        ["row", "true", "predicted", "probability", "loss"],
        ["0", "'=1+1", "'=1+1", "0.750000", "0.287700"],
        ["1", 'a "b", c', "'=1+1", "0.500000", "0.693100"],
    ]


def test_numbers_keep_all_their_digits() -> None:
    answers = Answers(np.array([0.1]), np.array([1 / 3]), None, np.array([0.25]))

    assert predictions_csv(answers, ("y",)).splitlines()[1] == "0,0.1,0.3333333333333333,0.25"
