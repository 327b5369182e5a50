"""The metrics as a program that collects them reads them."""

import re
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from sqlalchemy import update

from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import now
from service.store.models import jobs
from service.store.runner_repository import RunnerRepository
from tests.postgres import Postgres
from tests.service.api.serving import InProcess, Running, problem_of, serving, submit
from tests.service.api.test_events import following
from tests.service.store.samples import ELSEWHERE, candidate, claim, evaluation

# A server for each test.
pytestmark = pytest.mark.slow

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(client: httpx.Client) -> Values:
    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")

    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_text(answer.text)
        for sample in family.samples
    }


def value(values: Values, name: str, **labels: str) -> float:
    return values[name, tuple(sorted(labels.items()))]


def test_every_name_follows_the_conventions(client: httpx.Client) -> None:
    families = list(parse_text(client.get("/metrics").text))

    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.documentation
        assert re.fullmatch(r"(cambrian|process|python)_[a-z_]+", family.name), family.name
        for sample in family.samples:
            # Times are in seconds, sizes in bytes.
            assert not re.search(r"milli|minutes|_ms\b|kilobytes", sample.name)


def test_every_name_is_documented(client: httpx.Client) -> None:
    document = (Path(__file__).parents[3] / "docs" / "operation.md").read_text(encoding="utf-8")
    families = parse_text(client.get("/metrics").text)
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
        if family.name.startswith("cambrian_") and not family.name.endswith("_created")
    }

    assert {name for name in told if f"`{name}`" not in document} == set()


def test_openmetrics_for_those_who_ask_for_it(client: httpx.Client) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert "cambrian_jobs" in {family.name for family in parse_openmetrics(answer.text)}  # type: ignore[no-untyped-call]


def test_an_unknown_query_is_refused(client: httpx.Client) -> None:
    problem_of(client.get("/metrics?name=x"), 422)


def test_the_state_of_the_store(running: InProcess, database: Database) -> None:
    for _ in range(3):
        submit(running.client)
    with database.write() as session:
        session.execute(update(jobs).values(created_at=now() - timedelta(seconds=90)))
    # Made before, so that this process sees the claim.
    read(running.client)
    lease = claim(database)
    assert lease is not None
    proposed = [candidate(number) for number in range(4)]
    outcomes = [evaluation(proposed[0]), evaluation(proposed[1]), evaluation(proposed[2], None)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, outcomes)
        RunnerRepository(session).report(ELSEWHERE, 8, None)
        RunnerRepository(session).report(ELSEWHERE.__class__("other", "another-boot", 2, 2), None, "no cluster")
    time.sleep(1.1)  # what was read is shown for a second

    values = read(running.client)

    assert value(values, "cambrian_database_up") == 1
    assert value(values, "cambrian_jobs", status="queued") == 2
    assert value(values, "cambrian_jobs", status="running") == 1
    assert value(values, "cambrian_jobs", status="paused") == 0
    assert 90 <= value(values, "cambrian_queue_oldest_wait_seconds") < 150
    assert value(values, "cambrian_queue_wait_seconds_count") == 1
    assert value(values, "cambrian_queue_wait_seconds_bucket", le="60.0") == 0
    assert value(values, "cambrian_queue_wait_seconds_bucket", le="300.0") == 1
    assert value(values, "cambrian_candidates_total", phase="search") == 4
    assert value(values, "cambrian_evaluations_total", phase="search") == 2
    assert value(values, "cambrian_evaluations_failed_total", phase="search") == 1
    assert value(values, "cambrian_evaluations_total", phase="final") == 0
    assert value(values, "cambrian_training_epochs_total", phase="search") == 6
    assert value(values, "cambrian_training_cpu_seconds_total", phase="search") == pytest.approx(0.9)
    assert value(values, "cambrian_runners", state="working") == 1
    assert value(values, "cambrian_runners", state="in_trouble") == 1
    assert value(values, "cambrian_workers") == 8
    assert value(values, "cambrian_evaluations_per_second") > 0
    assert 0 < value(values, "cambrian_worker_use_ratio") < 1
    assert value(values, "cambrian_database_connections_limit") >= 20


def test_requests_are_counted_by_their_operation(running: InProcess) -> None:
    job = submit(running.client)
    for _ in range(3):
        running.client.get(f"/v1/jobs/{job['id']}")
    running.client.get("/v1/jobs/nobody")
    running.client.get("/nowhere/at/all")
    running.client.get("/static/style.css")
    running.client.request("BREW", "/v1/jobs")
    running.client.get("/v1/jobs", headers={"Host": "evil.example"})

    values = read(running.client)

    def count(operation: str, method: str, status: int) -> float:
        return value(values, "cambrian_http_requests_total", operation=operation, method=method, status=str(status))

    assert count("submit_job", "POST", 202) == 1
    assert count("get_job", "GET", 200) == 3
    assert count("get_job", "GET", 404) == 1
    assert count("none", "GET", 404) == 1
    unknown = {("method", "other"), ("status", "405")}
    assert [
        number for (name, labels), number in values.items() if name.endswith("_total") and unknown <= set(labels)
    ] == [1]
    assert count("none", "GET", 400) == 1
    assert count("static", "GET", 200) == 1
    assert value(values, "cambrian_http_request_duration_seconds_count", operation="get_job", method="GET") == 4
    # This one.
    assert value(values, "cambrian_http_requests_in_progress") == 1
    # No id of a job is a label, or their number would grow for ever.
    assert job["id"] not in running.client.get("/metrics").text


def test_open_streams_are_counted_and_do_not_spoil_the_latencies(served: Running) -> None:
    job_id = submit(served.client)["id"]
    with following(served, job_id) as follower:
        follower.next()

        values = read(served.client)

        assert value(values, "cambrian_event_streams") == 1
        time.sleep(0.3)
    deadline = time.monotonic() + 10
    # The server notices that a client left at the next thing it would send.
    served.client.post(f"/v1/jobs/{job_id}/cancel")
    while value(values := read(served.client), "cambrian_event_streams") and time.monotonic() < deadline:
        time.sleep(0.05)

    assert value(values, "cambrian_event_streams") == 0
    assert value(values, "cambrian_http_request_duration_seconds_sum", operation="list_events", method="GET") < 0.3


def test_a_database_that_is_away_is_told(postgres: Postgres, tmp_path: Path, postgres_template: str) -> None:
    name = "away_from_metrics"
    database = Database(postgres.create(name, postgres_template))
    try:
        with serving(tmp_path, database) as running:
            postgres.drop(name)

            values = read(running.client)

            assert value(values, "cambrian_database_up") == 0
            assert ("cambrian_jobs", (("status", "queued"),)) not in values
    finally:
        database.close()
        postgres.drop(name)


def test_two_applications_count_for_themselves(running: InProcess, client: httpx.Client) -> None:
    running.client.get("/v1/version")
    running.client.get("/v1/version")
    before = value(
        read(running.client), "cambrian_http_requests_total", operation="get_version", method="GET", status="200"
    )
    client.get("/v1/version")

    after = value(
        read(running.client), "cambrian_http_requests_total", operation="get_version", method="GET", status="200"
    )

    assert before == after == 2
