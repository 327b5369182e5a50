import json
from typing import Any

import pytest
from pydantic import ValidationError

from core.training import TrainingConfig
from evolution.search import Budget
from evolution.space import SearchSpace
from evolution.stopping import StoppingRule
from service.job_spec import JobSpec

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
            "final": {"finalists": 20, "seeds": 32, "epochs": 20_000},
            "verdict": {"seeds": 5, "rivals": False},
        }
    )
    stored = json.loads(json.dumps(spec.model_dump(mode="json")))

    assert JobSpec.model_validate(stored) == spec
    assert spec.training_config().learning_rate == 1.0


def test_the_final_recipe_is_longer_and_its_rate_falls() -> None:
    spec = JobSpec.model_validate({"dataset": "d", "training": {"epochs": 6, "schedule": "constant", "patience": 2}})
    falling = JobSpec.model_validate({"dataset": "d", "training": {"schedule": "step"}, "final": {"epochs": 3}})

    assert spec.final_training_config() == TrainingConfig(epochs=12, schedule="cosine", patience=2)
    assert JobSpec(dataset="d").final_training_config() == TrainingConfig(epochs=16, schedule="one_cycle")
    assert falling.final_training_config() == TrainingConfig(epochs=3, schedule="step")


def test_a_spec_of_before_there_were_finalists_is_read() -> None:
    stored = JobSpec(dataset="d").model_dump(mode="json")
    del stored["final"]
    del stored["verdict"]["rivals"]

    assert JobSpec.model_validate(stored) == JobSpec(dataset="d")


def test_final_trainings_count_as_work() -> None:
    space = {"max_layers": 16, "max_units": 1_000}
    most = {"finalists": 20, "seeds": 32, "epochs": 20_000}
    modest = {"dataset": "d", "space": space, "budget": {"evaluations": 500}, "training": {"epochs": 500}}
    rows = 50_000

    assert JobSpec.model_validate(modest | {"final": {"epochs": 1}}).refusals((16, 16), 10, rows) == []
    assert JobSpec.model_validate(modest | {"final": most}).refusals((16, 16), 10, rows) != []


def test_it_never_changes() -> None:
    spec = JobSpec(dataset="digits-8x8")

    with pytest.raises(ValidationError, match="frozen"):
        spec.seed = 5


def test_two_specs_share_nothing() -> None:
    one, other = JobSpec(dataset="a"), JobSpec(dataset="b")
    one.space.activations.append("gelu")

    assert other.space.activations == ["relu", "tanh"]
    assert JobSpec(dataset="c").space.activations == ["relu", "tanh"]


def test_work_is_bounded_by_the_limit_on_parameters() -> None:
    long = {"budget": {"evaluations": 100_000}, "training": {"epochs": 10_000}}
    space = {"max_layers": 16, "max_units": 4_096}

    assert JobSpec.model_validate({"dataset": "d", **long, "space": {**space, "max_parameters": 1_000_000}}).refusals(
        *DIGITS
    )
    small = JobSpec.model_validate({"dataset": "d", **long, "space": {**space, "max_parameters": 10_000}})

    assert small.refusals(*DIGITS) == []


def refused(space: dict[str, Any], **others: Any) -> list[str]:
    spec = JobSpec.model_validate({"dataset": "d", "space": space, **others})
    return [refusal.pointer for refusal in spec.refusals(*DIGITS)]


def test_the_work_of_convolutions_is_counted() -> None:
    budget: dict[str, Any] = {"budget": {"evaluations": 100_000}, "training": {"epochs": 2_000}}
    large: dict[str, Any] = {"max_blocks": 2, "max_channels": 64}

    assert refused({"max_layers": 1}, **budget) == []
    assert refused(large, **budget) == [
        "/budget/evaluations",
        "/training/epochs",
        *(f"/space/{field}" for field in ("max_layers", "max_units", "max_blocks", "max_channels")),
    ]
    assert refused({**large, "max_parameters": 2_000}, **budget) == []
    assert refused({**large, "max_inference_flops": 100_000}, **budget) == []


def test_the_recipe_of_a_training_is_what_the_spec_says() -> None:
    training = {"clip_norm": 2.0, "label_smoothing": 0.1, "class_weights": "balanced", "optimizer": "adamw"}
    config = JobSpec.model_validate({"dataset": "d", "training": training}).training_config()

    assert (config.clip_norm, config.label_smoothing, config.class_weights) == (2.0, 0.1, "balanced")
    assert config.optimizer == "adamw"


def test_a_search_may_end_where_more_is_not_worth_it() -> None:
    assert JobSpec(dataset="d").stopping_rule() is None
    spec = JobSpec.model_validate({"dataset": "d", "stopping": {"improvement": 0.01}})

    assert spec.stopping_rule() == StoppingRule(0.01, 20)
    for others in ({"strategy": "nsga2"}, {"objectives": ["score", "parameters"]}):
        with pytest.raises(ValidationError, match="contradict"):
            JobSpec.model_validate({"dataset": "d", "stopping": {}, **others})


def test_the_metric_of_a_task_is_filled_in_and_trains_as_if_it_were_not() -> None:
    plain = JobSpec(dataset="d")
    balanced = JobSpec.model_validate({"dataset": "d", "metric": "balanced_accuracy"})

    assert plain.for_task("classification").metric == "accuracy"
    assert plain.for_task("regression").metric == "r2"
    assert balanced.for_task("classification") == balanced
    assert plain.for_task("regression").training_config() == plain.training_config() == TrainingConfig()
    assert balanced.training_config() == TrainingConfig(metric="balanced_accuracy")
    assert balanced.final_training_config().metric == "balanced_accuracy"


def test_what_belongs_to_another_task_is_refused() -> None:
    def refused(task: str, **fields: Any) -> dict[str, str]:
        spec = JobSpec.model_validate({"dataset": "d", **fields})
        return {one.pointer: one.detail for one in spec.refusals((10,), 1 if task == "regression" else 3, 278, task)}

    huber = {"regression_loss": "huber", "huber_delta": 0.5}
    smooth = {"label_smoothing": 0.1, "class_weights": "balanced"}
    assert refused("regression", metric="r2", training=huber) == {}
    assert refused("classification", metric="balanced_accuracy", training=smooth) == {}
    assert refused("regression", metric="accuracy") == {"/metric": "must be r2, since the data set is for regression"}
    assert refused("classification", metric="r2") == {
        "/metric": "must be accuracy or balanced_accuracy, since the data set is for classification"
    }
    assert set(refused("regression", training=smooth)) == {"/training/label_smoothing", "/training/class_weights"}
    assert set(refused("classification", training=huber)) == {"/training/regression_loss", "/training/huber_delta"}


def test_hubers_loss_reaches_the_training() -> None:
    spec = JobSpec.model_validate({"dataset": "d", "training": {"regression_loss": "huber", "huber_delta": 2}})

    assert spec.training_config() == TrainingConfig(regression_loss="huber", huber_delta=2.0)
    with pytest.raises(ValidationError, match="huber_delta"):
        JobSpec.model_validate({"dataset": "d", "training": {"huber_delta": 2.0}})


def test_a_spec_of_before_there_were_metrics_is_read() -> None:
    stored = JobSpec(dataset="d").model_dump(mode="json")
    del stored["metric"]
    del stored["training"]["regression_loss"]
    del stored["training"]["huber_delta"]

    assert JobSpec.model_validate(stored) == JobSpec(dataset="d")
