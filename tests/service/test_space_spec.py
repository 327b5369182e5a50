import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.genome import Genome
from evolution.recipe import RecipeSpace
from evolution.space import SearchSpace
from service.job_spec import JobSpec
from service.space_spec import MAX_PARAMETERS

DIGITS = ((16, 16), 10, 3_000)


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
    largest = searched.build(Genome("relu", (spec.space.max_units,) * spec.space.max_layers))

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


def test_blocks_dropout_and_recipes_reach_the_search() -> None:
    space = {
        "max_blocks": 2,
        "max_channels": 16,
        "kernels": [5, 3],
        "dropout": [0, 0.25],
        "max_inference_flops": 10_000_000,
        "recipe": {"max_learning_rate": 0.1, "optimizers": ["sgd"], "weight_decays": [0]},
    }
    spec = JobSpec.model_validate({"dataset": "d", "space": space})

    assert spec.refusals(*DIGITS) == []
    assert spec.search_space((16, 16), 10) == SearchSpace(
        (16, 16),
        10,
        max_layers=3,
        min_units=8,
        max_units=128,
        max_inference_flops=10_000_000,
        max_blocks=2,
        max_channels=16,
        kernels=(5, 3),
        dropout=(0.0, 0.25),
        recipe=RecipeSpace(0.001, 0.1, (16, 32, 64, 128), ("sgd",), (0.0,)),
    )


def test_a_recipe_may_be_left_to_its_defaults() -> None:
    spec = JobSpec.model_validate({"dataset": "d", "space": {"recipe": {}}})

    assert spec.search_space((16, 16), 10).recipe == RecipeSpace()
    assert JobSpec.model_validate(json.loads(json.dumps(spec.model_dump(mode="json")))) == spec


def test_spaces_stored_before_blocks_are_read() -> None:
    fields = {"min_layers": 0, "max_layers": 3, "min_units": 8, "max_units": 128, "activations": ["relu", "tanh"]}

    assert JobSpec.model_validate({"dataset": "d", "space": {**fields, "max_parameters": None}}) == JobSpec(dataset="d")


def pointers_of(space: dict[str, Any], shape: tuple[int, ...] = (16, 16), **others: Any) -> list[str]:
    spec = JobSpec.model_validate({"dataset": "d", "space": space, **others})
    return [refusal.pointer for refusal in spec.refusals(shape, 10, 3_000)]


@pytest.mark.parametrize(
    ("space", "refused"),
    [
        ({"max_blocks": 8, "max_channels": 64, "kernels": [3, 7]}, []),
        # 128 channels, 8 x 8 of them and 4,096 units: more than 20 million, which no dense space of this depth has.
        (
            {"max_blocks": 1, "max_channels": 128, "max_layers": 1, "max_units": 4_096},
            ["max_layers", "max_units", "max_channels"],
        ),
        ({"max_blocks": 1, "max_channels": 128, "max_layers": 1, "max_units": 4_096, "max_parameters": 9_000}, []),
        ({"max_blocks": 1, "max_channels": 128, "max_layers": 1, "max_units": 4_096, "max_inference_flops": 9**7}, []),
        ({"max_layers": 1, "max_units": 4_096, "max_inference_flops": 4_000}, ["max_inference_flops"]),
        ({"max_parameters": 100, "max_inference_flops": 100}, ["max_parameters", "max_inference_flops"]),
        # Without a block 2,570 parameters and 5,140 FLOPs; with one of a single channel 660 and 6,400.
        (
            {"max_blocks": 1, "min_channels": 1, "max_layers": 0, "max_parameters": 900, "max_inference_flops": 5_200},
            ["max_parameters", "max_inference_flops"],
        ),
        ({"max_blocks": 1, "min_channels": 1, "max_layers": 0, "max_parameters": 900}, []),
        ({"max_blocks": 1, "min_channels": 1, "max_layers": 0, "max_inference_flops": 5_200}, []),
    ],
)
def test_limits_count_convolutions(space: dict[str, Any], refused: list[str]) -> None:
    assert pointers_of(space) == [f"/space/{field}" for field in refused]


def test_blocks_need_images() -> None:
    assert pointers_of({"max_blocks": 1}, (16,)) == ["/space/max_blocks"]
    assert pointers_of({"max_blocks": 1}, (3, 16, 16)) == []
