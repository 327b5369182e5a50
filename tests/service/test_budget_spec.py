import pytest
from pydantic import ValidationError

from evolution.search import Budget
from service.budget_spec import BudgetChange, BudgetSpec


def budget(**fields: int | None) -> BudgetSpec:
    return BudgetSpec.model_validate(fields)


def raised(before: BudgetSpec, **fields: int | None) -> BudgetSpec | list[str]:
    after = before.raised(BudgetChange.model_validate(fields))
    return [f"{error.pointer} {error.detail}" for error in after] if isinstance(after, list) else after


def test_without_a_kind_evaluations_are_the_default() -> None:
    assert budget() == budget(max_seconds=None, evaluations=None) == budget(evaluations=64)
    assert budget(max_seconds=60) == budget(evaluations=64, max_seconds=60)
    assert budget(epochs=7).work() == Budget(epochs=7)
    assert (budget(epochs=7).unit, budget(epochs=7).amount) == ("epochs", 7)


def test_what_is_stored_is_read_back() -> None:
    for one in (budget(), budget(epochs=5, max_seconds=9)):
        assert BudgetSpec.model_validate(one.model_dump(mode="json")) == one


def test_two_kinds_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="contradict"):
        budget(evaluations=5, epochs=5)


def test_the_most_epochs_are_those_of_the_last_candidate_too() -> None:
    assert budget(evaluations=10).most_epochs(8) == 80
    # 9 epochs are spent when the last one of 8 begins.
    assert budget(epochs=10).most_epochs(8) == 17
    assert budget(epochs=10).most_candidates() == 10


def test_a_budget_is_raised_and_the_rest_stays() -> None:
    before = budget(evaluations=10, max_seconds=60)

    assert raised(before, evaluations=10) == before
    assert raised(before, evaluations=11) == budget(evaluations=11, max_seconds=60)
    assert raised(before, max_seconds=90) == budget(evaluations=10, max_seconds=90)
    assert raised(before, max_seconds=None) == budget(evaluations=10)
    assert raised(budget(epochs=10), max_seconds=5) == budget(epochs=10, max_seconds=5)


def test_a_budget_neither_shrinks_nor_changes_its_kind() -> None:
    before = budget(evaluations=10, max_seconds=60)

    assert raised(before, evaluations=9) == ["/budget/evaluations must be at least 10, which it is now"]
    assert raised(before, max_seconds=59) == ["/budget/max_seconds must be at least 60, which it is now"]
    assert raised(before, evaluations=None) == ["/budget/evaluations must be a whole number of at least 10"]
    assert raised(before, epochs=500) == [
        "/budget/epochs cannot be set: this job counts its budget in evaluations; raise those"
    ]
    assert raised(before) == ["/budget must name evaluations or max_seconds"]
