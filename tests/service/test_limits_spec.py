import pytest
from pydantic import ValidationError

from evolution.limits import NO_LIMITS, Limits
from service.budget_spec import BudgetSpec
from service.job_spec import JobSpec
from service.limits_spec import LimitsSpec


def test_by_default_nothing_is_limited_but_failures() -> None:
    limits = JobSpec(dataset="d").limits

    assert limits.of_trainings(8) == Limits(epochs=8)
    assert limits.of_trainings(1) == NO_LIMITS


@pytest.mark.parametrize(
    ("budget", "most"),
    [
        ({"evaluations": 5}, 10),
        ({"evaluations": 64}, 32),
        ({"evaluations": 100_000}, 50_000),
        ({"epochs": 100}, 10),
        ({"epochs": 1_000}, 62),
    ],
)
def test_half_of_the_trainings_may_fail_and_at_least_ten(budget: dict[str, int], most: int) -> None:
    spec = BudgetSpec.model_validate(budget)

    assert LimitsSpec().most_failures(spec, per_candidate=8) == most
    assert LimitsSpec(failures=0).most_failures(spec, per_candidate=8) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("failures", -1),
        ("failures", 100_001),
        ("failures", True),
        ("failures", 1.0),
        ("seconds", 0),
        ("seconds", -1),
        ("seconds", 1e18),
        ("seconds", "5 minutes"),
        ("seconds", float("nan")),
        ("memory_bytes", 0),
        ("memory_bytes", 2**63),
        ("memory_bytes", 1e9),
        ("cpus", 4),
    ],
)
def test_limits_that_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        JobSpec.model_validate({"dataset": "d", "limits": {field: value}})

    assert caught.value.errors()[0]["loc"] == ("limits", field)


def test_limits_are_stored_and_read_again() -> None:
    spec = JobSpec.model_validate({"dataset": "d", "limits": {"failures": 3, "seconds": 60, "memory_bytes": 10**9}})

    assert JobSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert spec.limits.of_trainings(8) == Limits(60.0, 10**9, 8)
