"""Specs that must be refused, each with the field and what it accepts; none may ever be a 500."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.job_request import JobRequest
from service.space_spec import SpaceSpec
from tests.service.api.serving import pointers, problem_of

EVALUATIONS = "must be a whole number from 1 to 100,000"


def at(pointer: str, value: Any) -> dict[str, Any]:
    """A spec that is fine but for the value at a pointer."""
    spec: dict[str, Any] = {"dataset": "digits-8x8"}
    *outer, last = pointer.strip("/").split("/")
    place = spec
    for part in outer:
        place = place.setdefault(part, {})
    place[last] = value
    return spec


@pytest.mark.parametrize("value", [0, -1, 1.5, 5.0, 10**18, 10**30, 2**63, 100_001, True, "5", [], {}, [5]])
def test_budgets(client: httpx.Client, value: object) -> None:
    body = problem_of(client.post("/v1/jobs", json=at("/budget/evaluations", value)), 422, "invalid-spec")

    assert body["errors"] == [{"pointer": "/budget/evaluations", "detail": EVALUATIONS}]
    assert body["detail"] == f"/budget/evaluations: {EVALUATIONS}"


@pytest.mark.parametrize(
    ("pointer", "value", "detail"),
    [
        ("/seed", -1, "from 0 to 9,223,372,036,854,775,807"),
        ("/seed", 2**63, "from 0 to 9,223,372,036,854,775,807"),
        ("/seed", "abc", "whole number"),
        ("/format", 2, "must be 1"),
        ("/format", True, "must be 1"),
        ("/format", 1.0, "must be 1"),
        ("/name", "", "1 to 200 characters"),
        ("/name", " \t ", "1 to 200 characters"),
        ("/name", "x" * 201, "1 to 200 characters"),
        ("/name", "x" * 10_000, "1 to 200 characters"),
        ("/name", "a\nb", "control characters"),
        ("/name", "a\x1b[31mb", "control characters"),
        ("/name", "a\u202eb", "control characters"),
        ("/name", "\u200b", "visible"),
        ("/name", "\u200d", "visible"),
        ("/name", 5, "text"),
        ("/name", None, "text"),
        ("/dataset", 5, "text"),
        ("/dataset", "", "text"),
        ("/strategy", "annealing", "'evolution', 'nsga2', 'regularized' or 'random'"),
        ("/strategy", 1, "'evolution', 'nsga2', 'regularized' or 'random'"),
        ("/objectives", "score", "must be a list"),
        ("/objectives", [], "at least 1 item"),
        ("/objectives", ["score", "score"], "each item once"),
        ("/budget/epochs", 0, "from 1 to 1,000,000,000"),
        ("/budget/epochs", 5.0, "from 1 to 1,000,000,000"),
        ("/budget/max_seconds", 0, "from 1 to 31,536,000"),
        ("/budget/max_seconds", "60", "from 1 to 31,536,000"),
        ("/parallelism", 0, "from 1 to 10,000"),
        ("/parallelism", 10**6, "from 1 to 10,000"),
        ("/budget", 5, "an object with the fields evaluations"),
        ("/budget", None, "an object with the fields evaluations"),
        ("/budget", [], "an object with the fields evaluations"),
        ("/space/max_layers", 10**9, "from 0 to 16"),
        ("/space/max_layers", -1, "from 0 to 16"),
        ("/space/min_layers", 17, "from 0 to 16"),
        ("/space/max_units", 10**7, "from 1 to 4,096"),
        ("/space/min_units", 0, "from 1 to 4,096"),
        ("/space/activations", [], "at least 1 item"),
        ("/space/activations", ["relu", "relu"], "each item once"),
        ("/space/activations", "relu", "must be a list"),
        ("/space/max_parameters", 0, "from 1 to 20,000,000"),
        ("/space/max_inference_flops", 0, "from 1 to 1,000,000,000,000"),
        ("/space/max_blocks", 9, "from 0 to 8"),
        ("/space/max_blocks", True, "from 0 to 8"),
        ("/space/max_channels", 513, "from 1 to 512"),
        ("/space/kernels", [], "at least 1 item"),
        ("/space/kernels", [3, 3], "each item once"),
        ("/space/kernels", 3, "must be a list"),
        ("/space/dropout", [0, 0.0], "each item once"),
        ("/space/dropout", 0.5, "must be a list"),
        ("/space/recipe", 5, "an object with the fields min_learning_rate, max_learning_rate, batch_sizes"),
        ("/space/recipe/learning_rate", 0.01, "known are min_learning_rate"),
        ("/space/recipe/min_learning_rate", 0, "above 0 and at most 10"),
        ("/space/recipe/batch_sizes", [], "at least 1 item"),
        ("/space/recipe/optimizers", ["adam", "adam"], "each item once"),
        ("/space/recipe/weight_decays", [share / 100 for share in range(17)], "at most 16 items"),
        ("/metric", "auc", "'accuracy', 'balanced_accuracy' or 'r2'"),
        ("/training/regression_loss", "absolute", "'squared_error' or 'huber'"),
        ("/training/huber_delta", 0, "of at least 1e-06 and at most 1e+06"),
        ("/training/epochs", 0, "from 1 to 10,000"),
        ("/training/epochs", 10**9, "from 1 to 10,000"),
        ("/training/batch_size", 0, "from 1 to 65,536"),
        ("/training/optimizer", "rmsprop", "'sgd', 'adam' or 'adamw'"),
        ("/training/learning_rate", 0, "above 0 and at most 10"),
        ("/training/learning_rate", -1, "above 0 and at most 10"),
        ("/training/learning_rate", 1e6, "above 0 and at most 10"),
        ("/training/learning_rate", 1e308, "above 0 and at most 10"),
        ("/training/learning_rate", True, "above 0 and at most 10"),
        ("/training/learning_rate", "0.1", "above 0 and at most 10"),
        ("/training/momentum", 1, "of at least 0 and below 1"),
        ("/training/weight_decay", -0.1, "of at least 0 and at most 1"),
        ("/training/patience", 0, "from 1 to 10,000"),
        ("/final/finalists", 0, "from 1 to 20"),
        ("/final/seeds", 1, "from 2 to 32"),
        ("/final/epochs", 0, "from 1 to 20,000"),
        ("/verdict/seeds", 4, "from 5 to 50"),
        ("/verdict/rivals", 1, "must be true or false"),
        ("/verdict/rivals", "yes", "must be true or false"),
    ],
)
def test_fields_name_their_limits(client: httpx.Client, pointer: str, value: object, detail: str) -> None:
    body = problem_of(client.post("/v1/jobs", json=at(pointer, value)), 422, "invalid-spec")

    assert pointers(body) == [pointer]
    assert detail in body["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("pointer", "hint"),
    [
        ("/training/epocs", "did you mean epochs?"),
        ("/learning_rat", "did you mean /training/learning_rate?"),
        ("/sed", "did you mean seed?"),
        ("/owner", "known are format, dataset"),
        ("/budget/seconds", "did you mean max_seconds?"),
        ("/status", "known are"),
    ],
)
def test_unknown_fields_get_a_hint(client: httpx.Client, pointer: str, hint: str) -> None:
    body = problem_of(client.post("/v1/jobs", json=at(pointer, 5)), 422, "invalid-spec")

    assert pointers(body) == [pointer]
    assert hint in body["errors"][0]["detail"]


@pytest.mark.parametrize("activation", ["swish", "RELU", "__class__", 1, None])
def test_unknown_activations(client: httpx.Client, activation: object) -> None:
    body = problem_of(client.post("/v1/jobs", json=at("/space/activations", ["relu", activation])), 422)

    assert pointers(body) == ["/space/activations/1"]
    assert body["errors"][0]["detail"] == "must be 'relu', 'tanh', 'sigmoid' or 'gelu'"


@pytest.mark.parametrize(
    ("pointer", "value", "detail"),
    [
        ("/space/kernels/1", [3, 4], "must be an odd whole number from 1 to 15"),
        ("/space/kernels/0", [17], "must be an odd whole number from 1 to 15"),
        ("/space/kernels/0", [3.0], "must be an odd whole number from 1 to 15"),
        ("/space/dropout/0", [0.95], "must be a number of at least 0 and at most 0.9"),
        ("/space/dropout/1", [0, 0.0001], "must be 0 or a number of at least 0.001 and at most 0.9"),
        ("/space/recipe/batch_sizes/0", [0], "must be a whole number from 1 to 65,536"),
        ("/space/recipe/optimizers/0", ["rmsprop"], "must be 'sgd', 'adam' or 'adamw'"),
        ("/space/recipe/weight_decays/0", [2], "must be a number of at least 0 and at most 1"),
    ],
)
def test_items_name_their_limits(client: httpx.Client, pointer: str, value: object, detail: str) -> None:
    body = problem_of(client.post("/v1/jobs", json=at(pointer.rpartition("/")[0], value)), 422, "invalid-spec")

    assert body["errors"] == [{"pointer": pointer, "detail": detail}]


def test_learning_rates_the_wrong_way_round_name_both(client: httpx.Client) -> None:
    body = problem_of(client.post("/v1/jobs", json=at("/space/recipe/min_learning_rate", 0.5)), 422, "invalid-spec")

    assert body["errors"] == [
        {"pointer": "/space/recipe/min_learning_rate", "detail": "must be at most max_learning_rate, which is 0.05"},
        {"pointer": "/space/recipe/max_learning_rate", "detail": "must be at least min_learning_rate, which is 0.5"},
    ]


@pytest.mark.parametrize(
    ("low", "high"), [("min_layers", "max_layers"), ("min_units", "max_units"), ("min_channels", "max_channels")]
)
def test_limits_the_wrong_way_round_name_both(client: httpx.Client, low: str, high: str) -> None:
    body = problem_of(client.post("/v1/jobs", json={"dataset": "digits-8x8", "space": {low: 9, high: 3}}), 422)

    assert body["errors"] == [
        {"pointer": f"/space/{low}", "detail": f"must be at most {high}, which is 3"},
        {"pointer": f"/space/{high}", "detail": f"must be at least {low}, which is 9"},
    ]


def test_a_budget_of_two_kinds_names_both(client: httpx.Client) -> None:
    spec = {"dataset": "digits-8x8", "budget": {"evaluations": 5, "epochs": 5}}
    body = problem_of(client.post("/v1/jobs", json=spec), 422, "invalid-spec")

    assert pointers(body) == ["/budget/evaluations", "/budget/epochs"]
    assert "together with epochs" in body["errors"][0]["detail"]


def test_a_strategy_that_knows_one_objective_names_both_fields(client: httpx.Client) -> None:
    spec = {"dataset": "digits-8x8", "strategy": "regularized", "objectives": ["score", "parameters"]}
    body = problem_of(client.post("/v1/jobs", json=spec), 422, "invalid-spec")

    assert pointers(body) == ["/strategy", "/objectives"]
    assert "take evolution, nsga2 or random" in body["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("dataset", "fields", "pointer", "detail"),
    [
        ("diabetes", {"metric": "accuracy"}, "/metric", "must be r2, since the data set is for regression"),
        ("digits-8x8", {"metric": "r2"}, "/metric", "must be accuracy or balanced_accuracy"),
        ("diabetes", {"training": {"label_smoothing": 0.1}}, "/training/label_smoothing", "is for classification"),
        ("diabetes", {"training": {"class_weights": "balanced"}}, "/training/class_weights", "is for classification"),
        ("digits-8x8", {"training": {"regression_loss": "huber"}}, "/training/regression_loss", "is for regression"),
    ],
)
def test_what_belongs_to_another_task_is_named(
    client: httpx.Client, dataset: str, fields: dict[str, Any], pointer: str, detail: str
) -> None:
    body = problem_of(client.post("/v1/jobs", json={"dataset": dataset, **fields}), 422, "invalid-spec")

    assert [error["pointer"] for error in body["errors"]] == [pointer]
    assert detail in body["errors"][0]["detail"]


def test_hubers_delta_needs_hubers_loss(client: httpx.Client) -> None:
    spec = {"dataset": "diabetes", "training": {"huber_delta": 1.5}}
    body = problem_of(client.post("/v1/jobs", json=spec), 422, "invalid-spec")

    assert pointers(body) == ["/training/huber_delta", "/training/regression_loss"]


@pytest.mark.parametrize("objectives", [["parameters"], ["parameters", "score"]])
def test_the_score_comes_first(client: httpx.Client, objectives: list[str]) -> None:
    body = problem_of(client.post("/v1/jobs", json={"dataset": "digits-8x8", "objectives": objectives}), 422)

    assert body["errors"] == [{"pointer": "/objectives/0", "detail": "must be 'score'; the cost comes second"}]


def test_more_epochs_than_the_candidates_could_take_names_both(client: httpx.Client) -> None:
    spec = {"dataset": "digits-8x8", "budget": {"epochs": 200_001}, "training": {"epochs": 2}}
    body = problem_of(client.post("/v1/jobs", json=spec), 422, "invalid-spec")

    assert pointers(body) == ["/budget/epochs", "/training/epochs"]
    assert "which take 200,000 epochs" in body["errors"][0]["detail"]


def test_a_space_of_one_width_is_fine(client: httpx.Client) -> None:
    space = {"min_layers": 1, "max_layers": 1, "min_units": 5, "max_units": 5, "activations": ["gelu"]}

    assert client.post("/v1/jobs", json={"dataset": "digits-8x8", "space": space}).status_code == 202


def test_more_workers_than_evaluations_are_fine(client: httpx.Client) -> None:
    spec = {"dataset": "digits-8x8", "parallelism": 10_000, "budget": {"evaluations": 1}}

    assert client.post("/v1/jobs", json=spec).status_code == 202


def test_networks_too_large_are_estimated(client: httpx.Client) -> None:
    space = {"max_layers": 16, "max_units": 4096}
    body = problem_of(client.post("/v1/jobs", json={"dataset": "digits-16x16", "space": space}), 422, "invalid-spec")

    assert pointers(body) == ["/space/max_layers", "/space/max_units"]
    assert "252,813,322 parameters (5.1 GB while it is trained)" in body["detail"]
    assert "the limit is 20,000,000 (400.0 MB)" in body["detail"]

    bounded = {"dataset": "digits-16x16", "space": {**space, "max_parameters": 100_000}}

    assert client.post("/v1/jobs", json=bounded).status_code == 202


def test_a_space_without_a_network(client: httpx.Client) -> None:
    body = problem_of(client.post("/v1/jobs", json=at("/space/max_parameters", 100)), 422, "invalid-spec")

    assert pointers(body) == ["/space/max_parameters"]
    assert "at least 610" in body["detail"]


def test_more_work_than_can_be_counted(client: httpx.Client) -> None:
    spec = {
        "dataset": "digits-16x16",
        "budget": {"evaluations": 100_000},
        "space": {"max_layers": 2, "max_units": 4_000},
        "training": {"epochs": 10_000},
    }
    body = problem_of(client.post("/v1/jobs", json=spec), 422, "invalid-spec")

    assert pointers(body) == ["/budget/evaluations", "/training/epochs", "/space/max_layers", "/space/max_units"]
    assert "the limit is 4.6e+18" in body["detail"]

    spec["budget"] = {"epochs": 1_000_000_000}
    body = problem_of(client.post("/v1/jobs", json=spec), 422, "invalid-spec")

    assert pointers(body)[0] == "/budget/epochs"


def test_all_faults_are_told_at_once(client: httpx.Client) -> None:
    spec = {"seed": -1, "budget": {"evaluations": 0}, "training": {"epochs": 0}, "what": 1}
    body = problem_of(client.post("/v1/jobs", json=spec), 422, "invalid-spec")

    assert sorted(pointers(body)) == ["/budget/evaluations", "/dataset", "/seed", "/training/epochs", "/what"]
    assert body["detail"].endswith("(and 4 more)")


@pytest.mark.parametrize(
    "raw",
    [
        '{"dataset": "digits-8x8", "budget": {"evaluations": NaN}}',
        '{"dataset": "digits-8x8", "budget": {"evaluations": Infinity}}',
        '{"dataset": "digits-8x8", "budget": {"evaluations": -Infinity}}',
        '{"dataset": "digits-8x8", "budget": {"evaluations": 1e400}}',
        '{"dataset": "digits-8x8", "budget": {"evaluations": ' + "9" * 5_000 + "}}",
        '{"dataset": "digits-8x8", "budget": {"evaluations": "\\ud800"}}',
        '{"dataset": "digits-8x8", "budget": {"evaluations": "a\\u0000b"}}',
    ],
)
def test_values_that_no_column_can_hold(client: httpx.Client, raw: str) -> None:
    answer = client.post("/v1/jobs", content=raw, headers={"Content-Type": "application/json"})
    body = problem_of(answer, 400 if "N" in raw or "Infinity" in raw else 422)

    assert pointers(body) == ["/budget/evaluations"]


def test_input_is_not_echoed(client: httpx.Client) -> None:
    secret = "s3cr3t" * 100

    for spec in (at("/name", secret * 10), at(f"/{secret}", 1), at("/dataset", secret[:150]), at("/strategy", secret)):
        answer = client.post("/v1/jobs", json=spec)

        assert answer.status_code in {404, 422}
        assert secret[:90] not in answer.text
        assert len(answer.content) < 2_000


FIELDS = sorted(
    {
        *JobRequest.model_fields,
        *SpaceSpec.model_fields,
        *("evaluations", "epochs", "max_seconds", "learning_rate", "seeds"),
    }
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 20)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["digits-8x8", "evolution", "relu", "adam", "\ud800", "\0"])
)
BODIES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_no_body_is_a_500(client: httpx.Client, body: object) -> None:
    answer = client.post("/v1/jobs", content=json.dumps(body), headers={"Content-Type": "application/json"})

    assert answer.status_code in {202, 400, 404, 422}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(st.sampled_from(FIELDS), BODIES, max_size=5))
def test_no_spec_is_a_500(client: httpx.Client, fields: dict[str, object]) -> None:
    spec = {"dataset": "digits-8x8", **fields}
    answer = client.post("/v1/jobs", content=json.dumps(spec), headers={"Content-Type": "application/json"})

    assert answer.status_code in {202, 400, 404, 422}
