"""Examinations over HTTP: real rows on both databases, real processes."""

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import update

from core.export import from_bytes
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.models import evaluations, jobs
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, calling, problem_of, serving
from tests.service.examination.searches import lay_out, prepared, searched

pytestmark = pytest.mark.slow

PATIENCE = 60.0


def examine(client: httpx.Client, job_id: str, number: int | str, **query: Any) -> httpx.Response:
    """Ask until it is there, as the Retry-After header says."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = client.get(f"/v1/jobs/{job_id}/candidates/{number}/examination", params=query)
        if answer.status_code != 202:
            return answer

        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["state"] in {"waiting", "training"}
        assert time.monotonic() < deadline

        time.sleep(0.05)


@pytest.fixture
def client(running: InProcess, tmp_path: Path) -> httpx.Client:
    lay_out(tmp_path)
    return running.client


def test_a_candidate_is_trained_again_and_shown(client: httpx.Client, database: Database) -> None:
    job = searched(database, "digits-8x8", replicates=2)

    first = client.get(f"/v1/jobs/{job.id}/candidates/2/examination")
    assert first.status_code == 202
    assert first.json() == {"state": "training", "ahead": 0, "epoch": 0, "epochs": 4}

    answer = examine(client, job.id, 2)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["job_id"], found["phase"], found["number"]) == (job.id, "search", 2)
    assert found["reproduction"]["equal"] is True
    # The score of the first of both trainings, not their mean.
    assert found["reproduction"]["score"] == job.evaluations[2].scores[0] != job.evaluations[2].fitness
    assert found["rows"] == len(prepared("digits-8x8").validation)

    again = client.get(f"/v1/jobs/{job.id}/candidates/2/examination", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_answer_and_the_network_can_be_downloaded(client: httpx.Client, database: Database) -> None:
    job = searched(database)
    first = client.get(f"/v1/jobs/{job.id}/candidates/1/network")
    assert (first.status_code, first.headers["Retry-After"]) == (202, "1")
    assert examine(client, job.id, 1).status_code == 200

    table = client.get(f"/v1/jobs/{job.id}/candidates/1/examination", params={"format": "csv"})
    assert table.headers["Content-Type"].startswith("text/csv")
    assert table.headers["Content-Disposition"] == f'attachment; filename="cambrian-spirals-job-search-1-{job.id}.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text)))
    right = sum(row["true"] == row["predicted"] for row in rows)
    assert right / len(rows) == job.evaluations[1].fitness

    file = client.get(f"/v1/jobs/{job.id}/candidates/1/network")
    assert file.headers["Content-Type"] == "application/x-npz"
    network = from_bytes(file.content)
    assert network.architecture == job.evaluations[1].candidate.architecture
    answers = network.predict_prepared(prepared("spirals").validation.flat_inputs)
    assert float(np.mean(answers == prepared("spirals").validation.targets)) == job.evaluations[1].fitness
    unchanged = client.get(f"/v1/jobs/{job.id}/candidates/1/network", headers={"If-None-Match": file.headers["ETag"]})
    assert unchanged.status_code == 304


def test_a_phase_has_numbers_of_its_own(client: httpx.Client, database: Database) -> None:
    job = searched(database, "iris", phase="final", keep_network=True)

    found = examine(client, job.id, 3, phase="final").json()

    assert found["reproduction"]["source"] == "stored_network"
    assert found["reproduction"]["equal"] is True
    problem_of(examine(client, job.id, 3), 404, "candidate-not-found")


def test_what_is_no_candidate_is_not_found(client: httpx.Client, database: Database) -> None:
    job = searched(database)

    for number in ("4", "-1", "1.0", "x", "99999999999999999999", "%00", "٣"):
        problem_of(examine(client, job.id, number), 404, "candidate-not-found")
    problem_of(examine(client, "0", "0"), 404, "job-not-found")


def test_what_has_no_score_is_refused(client: httpx.Client, database: Database) -> None:
    waiting, failed = searched(database, pending=True), searched(database, failed=True)

    told = problem_of(examine(client, waiting.id, 4), 409, "candidate-not-examinable")["detail"]
    assert told == "candidate 4 has no score yet; it can be examined once it was trained"
    told = problem_of(examine(client, failed.id, 4), 409, "candidate-not-examinable")["detail"]
    assert told == "candidate 4 failed, so there is no network to look at"


def test_what_would_cost_too_much_is_refused_before_anything_is_begun(
    client: httpx.Client, database: Database, tmp_path: Path
) -> None:
    job = searched(database)
    with database.write() as session:
        session.execute(update(evaluations).values(flops=10**15, seconds=10_000.0))

    told = problem_of(examine(client, job.id, 1), 409, "candidate-not-examinable")["detail"]

    assert told == (
        "training this candidate again takes 1e+15 floating-point operations, about 10,000.0 s at 1e+11 a second; an "
        "examination may take 60 s. Whoever runs the service can raise CAMBRIAN_EXAMINATION_SECONDS"
    )
    assert not (tmp_path / "examinations").exists()


def test_whoever_runs_the_service_may_forbid_it(database: Database, tmp_path: Path, portal: BlockingPortal) -> None:
    job = searched(database)

    with calling(tmp_path, database, portal, examination_seconds=0) as running:
        problem_of(examine(running.client, job.id, 1), 409, "candidate-not-examinable")


def test_data_that_were_deleted_are_told(client: httpx.Client, database: Database) -> None:
    job = searched(database)
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id == job.id).values(dataset_id="gone"))

    assert "was deleted" in problem_of(examine(client, job.id, 1), 409, "candidate-not-examinable")["detail"]


def test_data_that_changed_are_told(client: httpx.Client, database: Database) -> None:
    job = searched(database)
    with database.write() as session:
        JobRepository(session).set_fingerprint(job.lease, "0" * 64)

    told = problem_of(examine(client, job.id, 1), 409, "candidate-not-examinable")["detail"]

    assert told.startswith("the data set spirals has changed since the job ran")


@pytest.fixture
def guarded(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[httpx.Client]:
    with calling(tmp_path, database, portal, require_token=True) as called:
        yield called.client


def test_only_readers_of_the_owner_may_ask(guarded: httpx.Client, database: Database) -> None:
    job = searched(database, owner="ann")
    _, ann = make_token(database, "ann")
    _, bob = make_token(database, "bob")
    _, submits = make_token(database, "ann", scopes=("submit",))
    path = f"/v1/jobs/{job.id}/candidates/1/examination"

    problem_of(guarded.get(path), 401, "unauthorized")
    problem_of(guarded.get(path, headers=bearer(bob)), 404, "job-not-found")
    problem_of(guarded.get(path, headers=bearer(submits)), 403, "scope-missing")

    assert guarded.get(path, headers=bearer(ann)).status_code == 202


def test_examinations_go_with_their_job(client: httpx.Client, database: Database, tmp_path: Path) -> None:
    job = searched(database)
    assert examine(client, job.id, 1).status_code == 200
    with database.write() as session:
        JobRepository(session).finish(job.lease, "failed", error="enough")

    assert client.delete(f"/v1/jobs/{job.id}").status_code == 204

    assert list((tmp_path / "examinations").iterdir()) == []


def test_what_another_process_left_is_removed_at_the_start(database: Database, tmp_path: Path) -> None:
    job = searched(database)
    for folder in (job.id, "0123456789abcdef"):
        (tmp_path / "examinations" / folder).mkdir(parents=True)

    with serving(tmp_path, database):
        assert [path.name for path in (tmp_path / "examinations").iterdir()] == [job.id]


def test_the_test_rows_are_never_told(client: httpx.Client, database: Database) -> None:
    job = searched(database, "iris")
    answer = examine(client, job.id, 1)

    assert answer.json()["rows"] == 30
    table = client.get(f"/v1/jobs/{job.id}/candidates/1/examination", params={"format": "csv"}).text

    assert len(table.splitlines()) == 31
