import pytest

from service.job_plan import DatasetShape, plan_of
from service.job_spec import JobSpec

IMAGES = DatasetShape((8, 8), 10, 1000, 300, "classification")


def spec(**fields: object) -> JobSpec:
    return JobSpec.model_validate({"dataset": "digits-8x8", **fields})


def test_a_space_of_one_network_is_planned_exactly() -> None:
    one = {"min_layers": 1, "max_layers": 1, "min_units": 16, "max_units": 16, "activations": ["relu"]}
    plan = plan_of(spec(space=one, budget={"evaluations": 50}, training={"epochs": 2}), IMAGES)
    per_epoch = plan.smallest.architecture.training_flops * 1000

    assert plan.structures == 1
    assert plan.smallest == plan.largest
    # There is one network, so the search ends with it.
    assert (plan.phases[0].phase, plan.phases[0].trainings, plan.phases[0].epochs) == ("search", 1, 2)
    for phase in plan.phases:
        assert phase.flops == pytest.approx(phase.epochs * per_epoch)
        assert phase.most_flops == pytest.approx(phase.epochs * per_epoch)


def test_replicates_and_recipes_make_more_trainings() -> None:
    one = {"min_layers": 1, "max_layers": 1, "min_units": 16, "max_units": 16, "activations": ["relu"], "recipe": {}}
    plan = plan_of(spec(space=one, budget={"evaluations": 50}, replicates=3), IMAGES)

    assert (plan.phases[0].trainings, plan.phases[0].epochs) == (150, 1200)


def test_a_plan_is_the_same_each_time_and_its_bounds_hold() -> None:
    wanted = spec(space={"max_blocks": 2, "max_parameters": 5000}, budget={"epochs": 1000})
    plan = plan_of(wanted, IMAGES)

    assert plan == plan_of(wanted, IMAGES)
    assert plan.limited
    assert plan.smallest.architecture.parameter_count < plan.largest.architecture.parameter_count <= 5000
    assert plan.smallest.training_bytes > 0
    assert all(phase.flops <= phase.most_flops for phase in plan.phases)
