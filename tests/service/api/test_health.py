from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from service import readiness
from service.store.database import Database
from tests.postgres import Postgres
from tests.service.api.serving import InProcess, problem_of, serving, submit
from tests.service.store.samples import claim


def test_alive(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


def test_version(client: httpx.Client) -> None:
    assert client.get("/v1/version").json()["version"] == version("cambrian")


def test_ready(running: InProcess, database: Database) -> None:
    told = running.client.get("/readyz").json()

    assert told == {"status": "ready", "database": database.dialect, "warnings": []}


def test_a_job_that_waits_for_nobody_is_told(running: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(running.client)

    assert running.client.get("/readyz").json()["warnings"] == []

    monkeypatch.setattr(readiness, "PATIENCE", timedelta(0))

    assert "no runner works" in running.client.get("/readyz").json()["warnings"][0]


def test_a_job_that_somebody_works_on_is_no_warning(
    running: InProcess, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", timedelta(0))
    submit(running.client)
    submit(running.client)
    claim(database)

    assert running.client.get("/readyz").json()["warnings"] == []


def test_a_newer_schema_is_not_ready(running: InProcess, database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))

    body = problem_of(running.client.get("/readyz"), 503, "not-ready")

    assert body["errors"][0]["pointer"] == "/schema"
    assert "newer release" in body["detail"]


@pytest.mark.parametrize("query", ["x=1", "page_size=5"])
def test_unknown_queries(client: httpx.Client, query: str) -> None:
    for path in ("/healthz", "/readyz", "/v1/version"):
        problem_of(client.get(f"{path}?{query}"), 422)


def test_a_database_that_is_away(postgres: Postgres, tmp_path: Path, postgres_template: str) -> None:
    name = "away"
    database = Database(postgres.create(name, postgres_template))
    try:
        with serving(tmp_path, database) as running:
            job = submit(running.client)
            postgres.drop(name)

            assert running.client.get("/healthz").status_code == 200
            for method, path in (
                ("GET", "/v1/jobs"),
                ("GET", f"/v1/jobs/{job['id']}"),
                ("GET", f"/v1/jobs/{job['id']}/candidates"),
                ("GET", f"/v1/jobs/{job['id']}/events"),
                ("GET", f"/v1/jobs/{job['id']}/network"),
                ("POST", f"/v1/jobs/{job['id']}/cancel"),
                ("GET", "/v1/datasets"),
                ("GET", "/readyz"),
            ):
                answer = running.client.request(method, path)

                problem_of(answer, 503, "database-unavailable")
                assert int(answer.headers["Retry-After"]) > 0
            problem_of(running.client.post("/v1/jobs", json={"dataset": "digits-8x8"}), 503)

            postgres.create(name, postgres_template)

            assert running.client.get("/v1/jobs").json()["jobs"] == []
    finally:
        database.close()
        postgres.drop(name)
