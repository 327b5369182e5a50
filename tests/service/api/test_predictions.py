from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import update

from core.architecture import Architecture, Dense
from core.dataset import Standardization, Task
from core.network import Network
from service.access.caller import LOCAL_OWNER
from service.data.category_input import CategoryInput
from service.data.encoder import Encoder
from service.data.number_input import NumberInput
from service.store.database import Database
from service.store.models import networks
from tests.service.api.serving import InProcess, pointers, problem_of
from tests.service.models import CLASSES, finished, found_networks

NETWORKS = found_networks()


def post(running: InProcess, model_id: str, rows: Any, query: str = "") -> httpx.Response:
    return running.client.post(f"/v1/models/{model_id}/predict{query}", json={"rows": rows})


def model_of(database: Database, network: Network | None = None) -> str:
    return finished(database, network or NETWORKS["dense"], owner=LOCAL_OWNER).id


def test_rows_get_their_classes_and_probabilities(running: InProcess, database: Database) -> None:
    network = NETWORKS["dense"]
    model = finished(database, network, owner=LOCAL_OWNER)
    rows = [[1, 2.5, -3, 0, 1e3], [0.1, 0.2, 0.3, 0.4, 0.5]]
    answer = post(running, model.id, rows).json()
    probabilities = network.predict_probabilities(np.array(rows, np.float32))

    assert (answer["model_id"], answer["job_id"], answer["task"]) == (model.id, model.job_id, "classification")
    assert answer["classes"] == list(CLASSES)
    assert answer["inputs"] is None
    assert [one["probabilities"] for one in answer["predictions"]] == probabilities.tolist()
    assert [one["class_name"] for one in answer["predictions"]] == [
        CLASSES[index] for index in network.predict(np.array(rows, np.float32))
    ]
    assert all(one["values"] is None and one["labels"] is None for one in answer["predictions"])


@pytest.mark.parametrize("task", ["binary", "multi_label", "regression"])
def test_other_tasks_have_answers_of_their_own(task: Task, running: InProcess, database: Database) -> None:
    outputs = 1 if task == "binary" else 2
    network = Network(Architecture((2,), (Dense(3, "tanh"),), outputs), task=task)
    network.initialize(np.random.default_rng(1))
    if task == "regression":
        network.target_standardization = Standardization(np.array([5, 6], np.float32), np.array([2, 3], np.float32))
    row = np.array([[1, -2]], np.float32)
    (one,) = post(running, model_of(database, network), row.tolist()).json()["predictions"]

    if task == "regression":
        assert one == {
            "class_name": None,
            "labels": None,
            "probabilities": None,
            "values": network.predict(row)[0].tolist(),
        }
    else:
        assert one["probabilities"] == network.predict_probabilities(row)[0].tolist()
        assert (one["class_name"] is None, one["labels"] is None) == (task == "multi_label", task == "binary")


def test_inputs_come_back_as_the_files_take_them(running: InProcess, database: Database) -> None:
    rows = [[0.1, 1e-50, 2**53 + 1, -0.0, 7]]
    answer = post(running, model_of(database), rows, "?include_inputs=true").json()

    assert answer["inputs"] == np.array(rows, np.float32).tolist()


def test_pictures_are_nested_lists(running: InProcess, database: Database) -> None:
    model_id = model_of(database, NETWORKS["convolution"])

    assert post(running, model_id, [[[0] * 8] * 8]).status_code == 200
    body = problem_of(post(running, model_id, [[0] * 64, [[0] * 8] * 7 + [[0] * 9]]), 422, "invalid-request")
    assert pointers(body) == ["/rows/0", "/rows/1/7"]
    assert body["errors"][0]["detail"] == "must be a list of 8 lists of 8 numbers; it has 64"


REFUSED: list[tuple[Any, str]] = [
    ([[1, 2, 3, 4, 5], [1, 2, 3, 4]], "/rows/1"),
    ([[1, 2, 3, 4, "5"]], "/rows/0/4"),
    ([[1, 2, True, 4, 5]], "/rows/0/2"),
    ([[1, 2, None, 4, 5]], "/rows/0/2"),
    ([[1, [2], 3, 4, 5]], "/rows/0/1"),
    ([[1, 2, 3, 4, 1e39]], "/rows/0/4"),
    ([[1, 2, 3, 4, 10**39]], "/rows/0/4"),
    ([[1, 2, 3, 4, -3.5e38]], "/rows/0/4"),
    ([5], "/rows/0"),
    (["abcde"], "/rows/0"),
    ([None], "/rows/0"),
    ([{"a": 1}], "/rows/0"),
    ([], "/rows"),
    ({"a": 1}, "/rows"),
    (None, "/rows"),
    ([[0] * 5] * 1001, "/rows"),
]


def test_rows_that_do_not_fit_are_named(running: InProcess, database: Database) -> None:
    model_id = model_of(database)
    for rows, pointer in REFUSED:
        body = problem_of(post(running, model_id, rows), 422, "invalid-request")

        assert pointers(body)[0] == pointer


ENCODER = Encoder(
    (
        NumberInput("age", "number", fill=40.0, indicator=True, shift=0.0, scale=1.0, low=-1e9, high=1e9),
        CategoryInput("a/b", ("blue", "red"), fill="red", indicator=False),
        NumberInput("since", "moment", fill=0.0, indicator=False, shift=0.0, scale=1.0, low=-1e9, high=1e9),
    ),
    unused=("target",),
)
"""Five numbers, as the dense network takes them."""


def test_rows_of_columns_are_encoded_as_in_training(running: InProcess, database: Database) -> None:
    network = NETWORKS["dense"]
    model = finished(database, network, owner=LOCAL_OWNER, encoder=ENCODER)
    rows = [
        {"age": 30, "a/b": "blue", "since": "1970-01-03"},
        {"age": "31.5", "a/b": "green", "target": "nought"},
        {},
    ]
    answer = post(running, model.id, rows, "?include_inputs=true").json()

    assert answer["inputs"] == [[30, 0, 1, 0, 2], [31.5, 0, 0, 0, 0], [40, 1, 0, 1, 0]]
    expected = network.predict_probabilities(np.array(answer["inputs"], np.float32))
    assert [one["probabilities"] for one in answer["predictions"]] == expected.tolist()
    assert running.client.get(f"/v1/models/{model.id}").json()["input"]["columns"] == ["age", "a/b", "since"]
    # The numbers that came back give the same answer.
    assert post(running, model.id, answer["inputs"]).json()["predictions"] == answer["predictions"]


def test_columns_and_cells_that_do_not_fit_are_named(running: InProcess, database: Database) -> None:
    model_id = finished(database, NETWORKS["dense"], owner=LOCAL_OWNER, encoder=ENCODER).id
    refused: list[tuple[Any, str, str]] = [
        ([{"age": 1}, {"aeg": 1}], "/rows/1/aeg", "there is no such column; known are 'age', 'a/b', 'since'"),
        ([{"age": "old"}], "/rows/0/age", "'old' is not a number"),
        ([{"age": [1]}], "/rows/0/age", "is not a number"),
        ([{}, {"since": "yesterday"}], "/rows/1/since", "is not a date"),
        ([{}, [1, 2, 3, 4, 5]], "/rows/1", "must be an object, as the first row is"),
        ([[1, 2, 3, 4, 5], {}], "/rows/1", "as the other rows are"),
    ]
    for rows, pointer, detail in refused:
        body = problem_of(post(running, model_id, rows), 422, "invalid-request")

        assert pointers(body) == [pointer]
        assert detail in body["errors"][0]["detail"]
    assert pointers(problem_of(post(running, model_id, [{"a/b": {}}]), 422)) == ["/rows/0/a~1b"]


def test_an_encoder_of_another_release_is_told(running: InProcess, database: Database) -> None:
    model_id = finished(database, NETWORKS["dense"], owner=LOCAL_OWNER, encoder=ENCODER).id
    with database.write() as session:
        session.execute(update(networks).values(encoder={"format": 99}))

    problem_of(post(running, model_id, [{}]), 409, "model-damaged")
    problem_of(running.client.get(f"/v1/models/{model_id}"), 409, "model-damaged")


def test_numbers_far_from_the_data_are_named_and_not_answered_with_nan(running: InProcess, database: Database) -> None:
    network = Network(Architecture((2,), (Dense(3, "relu"),), 3))
    network.parameters[:] = 1e10
    body = problem_of(post(running, model_of(database, network), [[0, 1], [3e38, 3e38]]), 422, "invalid-request")

    assert pointers(body) == ["/rows/1"]
    assert "no finite numbers" in body["detail"]


def test_not_more_errors_than_anybody_reads(running: InProcess, database: Database) -> None:
    body = problem_of(post(running, model_of(database), [["x"] * 5] * 100), 422, "invalid-request")

    assert len(body["errors"]) == 20


BODIES: list[tuple[bytes, int]] = [
    (b'{"rows": [[NaN, 0, 0, 0, 0]]}', 400),
    (b'{"rows": [[1e400, 0, 0, 0, 0]]}', 422),
    (b'{"rows": [[1, 2, 3, 4, 5]], "row": 1}', 422),
    (b"[]", 422),
    (b'{"rows": ' + b"[" * 40 + b"]" * 40 + b"}", 422),
    (b'{"rows": [[' + b"0," * 500_000 + b"0]]}", 413),
]


def test_bodies_are_read_as_strictly_as_everywhere(running: InProcess, database: Database) -> None:
    path, headers = f"/v1/models/{model_of(database)}/predict", {"Content-Type": "application/json"}
    for body, status in BODIES:
        problem_of(running.client.post(path, content=body, headers=headers), status)
