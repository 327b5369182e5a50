import httpx

from service.access.caller import LOCAL_OWNER
from service.runner.environment import describe_environment
from service.settings import Settings
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.record_repository import RecordRepository
from service.store.row_digest import RowDigest
from tests.service.api.serving import InProcess, problem_of, submit
from tests.service.models import finished, found_networks
from tests.service.store.samples import claim


def test_a_job_that_waits_has_a_record_of_what_it_is(client: httpx.Client) -> None:
    job = submit(client, seed=5)
    record = client.get(f"/v1/jobs/{job['id']}/record").json()

    assert (record["format"], record["job_id"], record["seed"], record["spec"]) == (1, job["id"], 5, job["spec"])
    assert record["dataset"] == {"name": "digits-8x8", "fingerprint": None}
    assert (record["segments"], record["machines"], record["rows"], record["model"]) == ([], [], None, None)


def test_each_stretch_tells_its_environment(running: InProcess, database: Database) -> None:
    environment = describe_environment(Settings(evaluator="serial"))
    job_id = submit(running.client)["id"]
    for _ in range(2):
        lease = claim(database)
        assert lease is not None
        with database.write() as session:
            RecordRepository(session).begin(lease, environment)
            RecordRepository(session).end(lease, RowDigest(7, "a" * 64))
            JobRepository(session).release(lease)
    record = running.client.get(f"/v1/jobs/{job_id}/record").json()

    assert [segment["lease"] for segment in record["segments"]] == [1, 2]
    assert record["segments"][0]["environment"] == environment
    assert record["segments"][0]["started_at"] < record["segments"][1]["started_at"]
    assert record["rows"] == {"count": 7, "sha256": "a" * 64}


def test_a_finished_job_names_its_model_and_the_hashes_of_its_files(running: InProcess, database: Database) -> None:
    model = finished(database, found_networks()["dense"], owner=LOCAL_OWNER)
    record = running.client.get(f"/v1/jobs/{model.job_id}/record").json()

    assert (record["model"]["id"], record["model"]["sha256"]) == (model.id, model.sha256)
    assert [file["format"] for file in record["model"]["files"]] == ["npz", "onnx", "snippet"]
    assert all(len(file["sha256"]) == 64 for file in record["model"]["files"])
    assert record["machines"] == ["vm pid 17 ü"]


def test_an_unknown_job_has_none(client: httpx.Client) -> None:
    problem_of(client.get("/v1/jobs/nothing/record"), 404, "job-not-found")
