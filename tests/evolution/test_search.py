from typing import Any

import pytest

from evolution.errors import InvalidSearch
from evolution.search import Budget


@pytest.mark.parametrize(
    "amounts", [{}, {"evaluations": 1, "epochs": 1}, {"evaluations": 0}, {"epochs": 0}, {"evaluations": -1}]
)
def test_a_budget_is_one_positive_amount(amounts: dict[str, Any]) -> None:
    with pytest.raises(InvalidSearch, match="budget"):
        Budget(**amounts)


def test_a_budget_counts_evaluations_or_epochs() -> None:
    assert Budget(evaluations=3) == Budget(evaluations=3, epochs=None)
    assert Budget(epochs=3).evaluations is None
