import base64
import hashlib
import json
from datetime import UTC, datetime
from urllib.parse import unquote

import httpx
import pytest

from service.store.database import Database
from tests.evolution.verdicts import arm, verdict_of
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, problem_of, submit
from tests.service.report.jobs import change, judged

pytestmark = pytest.mark.slow

TYPES = {
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "json": "application/json",
}
ENDINGS = {"html": ".html", "markdown": ".md", "json": ".json"}


@pytest.fixture
def job_id(running: InProcess, database: Database) -> str:
    return judged(database, verdict_of(arm("evolution", 0.9)).to_json(), name="<b>Größe</b> / 10")


@pytest.mark.parametrize("format_", TYPES)
def test_each_format_is_a_file_that_runs_nowhere(running: InProcess, job_id: str, format_: str) -> None:
    answer = running.client.get(f"/v1/jobs/{job_id}/report", params={"format": format_})
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == TYPES[format_]
    name = f"cambrian-b-groe-b-10-{job_id}{ENDINGS[format_]}"
    assert unquote(answer.headers["Content-Disposition"]) == f'attachment; filename="{name}"'
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_by_default_it_is_the_document(running: InProcess, job_id: str) -> None:
    path = f"/v1/jobs/{job_id}/report"

    assert running.client.get(path).json()["job"]["id"] == job_id
    assert running.client.get(path).headers["Content-Type"] == "application/json"


def test_a_report_that_is_known_is_not_sent_again(running: InProcess, database: Database, job_id: str) -> None:
    path = f"/v1/jobs/{job_id}/report"
    tag = running.client.get(path).headers["ETag"]
    again = running.client.get(path, headers={"If-None-Match": tag})
    change(database, job_id, notes="A remark.")
    after = running.client.get(path, headers={"If-None-Match": tag})

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert (after.status_code, after.json()["job"]["notes"]) == (200, "A remark.")


def test_the_hash_that_html_names_is_that_of_the_json_file(running: InProcess, database: Database, job_id: str) -> None:
    change(database, job_id, finished_at=datetime(2026, 1, 31, 12, tzinfo=UTC))
    path = f"/v1/jobs/{job_id}/report"
    digest = hashlib.sha256(running.client.get(path).content).hexdigest()

    assert digest in running.client.get(path, params={"format": "html"}).text


def test_a_job_that_waits_has_a_report(client: httpx.Client) -> None:
    job = submit(client)
    report = client.get(f"/v1/jobs/{job['id']}/report").json()

    assert (report["job"]["status"], report["verdict"], report["ledger"]) == ("queued", None, [])
    assert json.dumps(report["job"]["spec"]) == json.dumps(job["spec"])


def test_another_owner_s_job_is_none(running: InProcess, database: Database, job_id: str) -> None:
    _, token = make_token(database, "somebody else")

    problem_of(running.client.get(f"/v1/jobs/{job_id}/report", headers=bearer(token)), 404, "job-not-found")


def test_what_is_refused(client: httpx.Client) -> None:
    job_id = submit(client)["id"]

    problem_of(client.get("/v1/jobs/nothing/report"), 404, "job-not-found")
    problem_of(client.get(f"/v1/jobs/{job_id}/report", params={"format": "pdf"}), 422)
    problem_of(client.get(f"/v1/jobs/{job_id}/report", params={"colour": "red"}), 422)
