import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.training import TrainingConfig
from evolution.search import Budget
from evolution.space import SearchSpace
from service.job_spec import MAX_PARAMETERS, JobSpec

DIGITS = ((16, 16), 10, 3_000)


def test_defaults_are_filled_in() -> None:
    spec = JobSpec(dataset="digits-16x16")

    assert spec.name == "evolution on digits-16x16"
    assert spec.format == 1
    assert spec.training_config() == TrainingConfig()
    assert spec.search_space((16, 16), 10) == SearchSpace(
        (16, 16), 10, min_layers=0, max_layers=3, min_units=8, max_units=128, activations=("relu", "tanh")
    )
    assert spec.refusals(*DIGITS) == []
    assert spec.budget.work() == Budget(evaluations=64)
    assert (spec.objectives, spec.cost) == (["score"], None)


def test_the_second_objective_is_the_cost() -> None:
    for strategy in ("evolution", "nsga2", "random"):
        spec = JobSpec.model_validate(
            {"dataset": "d", "strategy": strategy, "objectives": ["score", "inference_flops"]}
        )

        assert spec.cost == "inference_flops"


def test_what_is_stored_is_read_back() -> None:
    spec = JobSpec.model_validate(
        {
            "dataset": "digits-8x8",
            "name": "a name",
            "seed": 2**63 - 1,
            "strategy": "random",
            "budget": {"evaluations": 100_000},
            "space": {"activations": ["gelu"], "max_parameters": 1_000},
            "training": {"learning_rate": 1, "patience": 3, "optimizer": "sgd", "schedule": "constant"},
            "verdict": {"seeds": 5},
        }
    )
    stored = json.loads(json.dumps(spec.model_dump(mode="json")))

    assert JobSpec.model_validate(stored) == spec
    assert spec.training_config().learning_rate == 1.0


def test_it_never_changes() -> None:
    spec = JobSpec(dataset="digits-8x8")

    with pytest.raises(ValidationError, match="frozen"):
        spec.seed = 5


def test_two_specs_share_nothing() -> None:
    one, other = JobSpec(dataset="a"), JobSpec(dataset="b")
    one.space.activations.append("gelu")

    assert other.space.activations == ["relu", "tanh"]
    assert JobSpec(dataset="c").space.activations == ["relu", "tanh"]


@given(
    min_layers=st.integers(0, 16),
    max_layers=st.integers(0, 16),
    min_units=st.integers(1, 4_096),
    max_units=st.integers(1, 4_096),
    max_parameters=st.none() | st.integers(1, MAX_PARAMETERS),
)
def test_what_is_not_refused_can_be_searched(
    min_layers: int, max_layers: int, min_units: int, max_units: int, max_parameters: int | None
) -> None:
    space = {
        "min_layers": min(min_layers, max_layers),
        "max_layers": max(min_layers, max_layers),
        "min_units": min(min_units, max_units),
        "max_units": max(min_units, max_units),
        "max_parameters": max_parameters,
    }
    spec = JobSpec.model_validate({"dataset": "digits-16x16", "space": space})

    if spec.refusals(*DIGITS):
        return
    searched = spec.search_space((16, 16), 10)
    largest = searched.build("relu", (spec.space.max_units,) * spec.space.max_layers)

    assert max_parameters is not None or largest.parameter_count <= MAX_PARAMETERS


@pytest.mark.parametrize(
    ("space", "fine"),
    [
        ({"max_layers": 16, "max_units": 1_000}, True),
        ({"max_layers": 16, "max_units": 1_200}, False),
        ({"max_layers": 16, "max_units": 4_096, "max_parameters": 20_000_000}, True),
        ({"min_layers": 2, "max_layers": 2, "min_units": 4_096, "max_units": 4_096}, True),
        ({"min_layers": 3, "max_layers": 3, "min_units": 4_096, "max_units": 4_096}, False),
        ({"min_layers": 3, "max_layers": 3, "min_units": 64, "max_parameters": 20_000}, False),
    ],
)
def test_the_limit_on_parameters(space: dict[str, int], fine: bool) -> None:
    spec = JobSpec.model_validate({"dataset": "d", "space": {"max_units": 4_096, **space}})

    assert (spec.refusals(*DIGITS) == []) is fine


def test_data_that_no_network_of_the_space_can_take() -> None:
    spec = JobSpec.model_validate({"dataset": "d", "space": {"max_units": 4_096, "max_parameters": 10_000_000}})

    refusals = spec.refusals((1024, 1024), 10, 100)

    assert [refusal.pointer for refusal in refusals] == ["/space/max_parameters"] or [
        refusal.pointer for refusal in refusals
    ] == ["/space"]


def test_work_is_bounded_by_the_limit_on_parameters() -> None:
    long = {"budget": {"evaluations": 100_000}, "training": {"epochs": 10_000}}
    space = {"max_layers": 16, "max_units": 4_096}

    assert JobSpec.model_validate({"dataset": "d", **long, "space": {**space, "max_parameters": 1_000_000}}).refusals(
        *DIGITS
    )
    small = JobSpec.model_validate({"dataset": "d", **long, "space": {**space, "max_parameters": 10_000}})

    assert small.refusals(*DIGITS) == []
