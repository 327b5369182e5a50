import pytest
from sqlalchemy import update

from service.access.caller import LOCAL_OWNER
from service.store.database import Database
from service.store.models import jobs
from tests.service.api.serving import InProcess, problem_of
from tests.service.models import CLASSES, finished, found_networks

NETWORK = found_networks()["convolution"]
MINE = LOCAL_OWNER


def test_a_model_says_what_it_is(running: InProcess, database: Database) -> None:
    model = finished(database, NETWORK, owner=MINE, name="a name")
    answer = running.client.get(f"/v1/models/{model.id}").json()

    assert (answer["id"], answer["job_id"], answer["job_name"]) == (model.id, model.job_id, "a name")
    assert answer["architecture"] == NETWORK.architecture.to_json()
    assert answer["parameters"] == NETWORK.architecture.parameter_count
    assert answer["test"] == {"score": 0.9, "low": 0.8, "high": 1.0, "trainings": 5}
    assert answer["validation_score"] == 0.75
    assert answer["input"] == {"shape": [8, 8], "type": "float32", "columns": None}
    assert answer["classes"] == list(CLASSES)
    assert answer["sha256"] == model.sha256
    assert answer["downloads"] == ["npz", "onnx", "snippet"]
    for file in answer["files"]:
        assert (file["status"], file["offered"], file["reason"]) == ("proven", True, None)
        assert len(file["sha256"]) == 64
        assert file["compared_rows"] > 0
        assert running.client.get(file["url"]).status_code == 200


def test_it_is_not_sent_twice(running: InProcess, database: Database) -> None:
    path = f"/v1/models/{finished(database, NETWORK, owner=MINE).id}"
    first = running.client.get(path)
    again = running.client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert running.client.get(path, headers={"If-None-Match": '"other"'}).content == first.content

    with database.write() as session:
        session.execute(update(jobs).values(name="renamed"))

    assert running.client.get(path, headers={"If-None-Match": first.headers["ETag"]}).json()["job_name"] == "renamed"


def test_the_list_is_paged_from_the_newest(running: InProcess, database: Database) -> None:
    made = [finished(database, NETWORK, owner=MINE, old=True).id for _ in range(3)]
    first = running.client.get("/v1/models", params={"page_size": "2"}).json()
    second = running.client.get("/v1/models", params={"page_size": "2", "page_token": first["next_page_token"]}).json()

    assert [model["id"] for page in (first, second) for model in page["models"]] == made[::-1]
    assert second["next_page_token"] is None
    assert first["models"][0]["downloads"] == ["npz"]


@pytest.mark.parametrize("token", ["x", "bW9kZWxzCng"])
def test_a_token_of_somebody_else_is_refused(running: InProcess, token: str) -> None:
    body = problem_of(running.client.get("/v1/models", params={"page_token": token}), 422, "invalid-request")

    assert body["errors"][0]["pointer"] == "?page_token"


def test_another_owners_model_is_not_there(running: InProcess, database: Database) -> None:
    theirs = finished(database, NETWORK, owner="somebody")

    assert running.client.get("/v1/models").json()["models"] == []
    for path in (f"/v1/models/{theirs.id}", f"/v1/models/{theirs.id}/download?format=onnx"):
        problem_of(running.client.get(path), 404, "model-not-found")
    problem_of(running.client.post(f"/v1/models/{theirs.id}/predict", json={"rows": [[]]}), 404, "model-not-found")
    problem_of(running.client.get(f"/v1/jobs/{theirs.job_id}/record"), 404, "job-not-found")


@pytest.mark.parametrize("model_id", ["0", "-1", "9223372036854775808", "UPPER", "%00", "a" * 41, "..%2f1"])
def test_ids_that_nobody_was_given(running: InProcess, model_id: str) -> None:
    assert running.client.get(f"/v1/models/{model_id}").status_code == 404


def test_an_old_model_says_that_nothing_is_proven(running: InProcess, database: Database) -> None:
    answer = running.client.get(f"/v1/models/{finished(database, NETWORK, owner=MINE, old=True).id}").json()

    assert answer["downloads"] == ["npz"]
    assert [(file["format"], file["status"], file["offered"]) for file in answer["files"]] == [
        ("npz", "not_proven", True),
        ("onnx", "not_proven", False),
        ("snippet", "not_proven", False),
    ]
    # The names of a built-in data set are known without having been stored.
    assert answer["classes"] == ["setosa", "versicolor", "virginica"]
    assert answer["task"] == "classification"


def test_a_model_outlives_its_data_set(running: InProcess, database: Database) -> None:
    known = finished(database, NETWORK, owner=MINE)
    old = finished(database, NETWORK, owner=MINE, old=True)
    with database.write() as session:
        session.execute(update(jobs).values(dataset="deleted", verdict=None))

    assert running.client.get(f"/v1/models/{known.id}").json()["classes"] == list(CLASSES)
    answer = running.client.get(f"/v1/models/{old.id}").json()
    assert (answer["classes"], answer["test"]) == (None, None)

    rows = {"rows": [[[0.5] * 8] * 8]}
    assert running.client.post(f"/v1/models/{known.id}/predict", json=rows).json()["classes"] == list(CLASSES)
    assert running.client.post(f"/v1/models/{old.id}/predict", json=rows).json()["classes"] == ["0", "1", "2"]
