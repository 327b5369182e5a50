import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from service.client import Client, ProblemError, ServiceUnavailable, finished
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.network_repository import NetworkRepository
from tests.service.api.access_tokens import make_token
from tests.service.api.serving import Running, serving
from tests.service.api.test_events import append, finish
from tests.service.data.tables import flowers
from tests.service.store.samples import architecture, candidate, claim, evaluation

# A server for each test.
pytestmark = pytest.mark.slow


@pytest.fixture
def running(database: Database, tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path, database) as started:
        yield started


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with Client(running.url) as opened:
        yield opened


def test_the_path_of_a_job(client: Client, database: Database) -> None:
    assert client.ready()
    assert {dataset["name"] for dataset in client.datasets()} >= {"digits-8x8", "digits-16x16"}

    job = client.submit({"dataset": "digits-8x8", "name": "mine"})

    assert client.get(job["id"]) == job
    assert not finished(job)

    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        NetworkRepository(session).save(lease, "final", 0, architecture(3), b"the network")
        JobRepository(session).finish(lease, "succeeded")

    assert finished(client.wait(job["id"]))
    assert client.network(job["id"]) == b"the network"


def test_a_data_set_comes_and_goes(client: Client) -> None:
    sent: list[int] = []

    made = client.put_dataset(
        "flowers",
        BytesIO(flowers()),
        media_type="text/csv",
        title="Flowers.csv",
        sent=sent.append,
        target="flower",
        ignored_columns=["soil", "width"],
        split_seed=7,
        task=None,
    )

    assert made["title"] == "Flowers.csv"
    assert made["options"] is not None
    assert made["options"]["ignored_columns"] == ["soil", "width"]
    assert made["options"]["split_seed"] == 7
    assert sent == [len(flowers())]
    assert client.dataset("flowers") == made
    assert made["name"] in [dataset["name"] for dataset in client.datasets()]

    client.delete_dataset("flowers")

    with pytest.raises(ProblemError) as refused:
        client.dataset("flowers")
    assert refused.value.status == 404


def test_a_budget_is_raised_and_a_search_is_asked_about(client: Client, database: Database) -> None:
    job = client.submit({"dataset": "digits-8x8", "budget": {"evaluations": 4, "max_seconds": 9}})["id"]

    assert client.raise_budget(job, evaluations=5)["spec"]["budget"]["evaluations"] == 5
    assert client.raise_budget(job, max_seconds=None)["spec"]["budget"]["max_seconds"] is None

    lease = claim(database)
    assert lease is not None
    rows = [evaluation(candidate(number, 4 + number, parents=())) for number in range(3)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [row.candidate for row in rows], rows)

    assert client.front(job)["cost"] == "parameters"
    assert client.front(job, cost="training_flops")["cost"] == "training_flops"
    assert client.what_if(job, 2)["stored_evaluations"] == 3
    assert client.lineage(job)["family"][0]["number"] == 0
    assert client.lineage(job, 2)["family"][0]["number"] == 2


def test_a_token_is_brought_along(running: Running, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = make_token(database, "ada", ["read"])
    monkeypatch.setenv("CAMBRIAN_TOKEN", secret)
    with Client(running.url) as found, Client(running.url, token="") as none:
        assert found.whoami()["owner"] == "ada"
        assert none.whoami()["owner"] == "local"
        with pytest.raises(ProblemError) as caught:
            found.submit({"dataset": "digits-8x8"})

    assert (caught.value.status, caught.value.code) == (403, "scope-missing")


def test_lists_are_read_to_the_end(client: Client) -> None:
    ids = [client.submit({"dataset": "digits-8x8"})["id"] for _ in range(3)]
    client.cancel(ids[0])

    assert [job["id"] for job in client.jobs()] == ids[::-1]
    assert [job["id"] for job in client.jobs(status="queued")] == ids[:0:-1]
    assert list(client.candidates(ids[0], phase="search", sort="fitness")) == []


def test_a_refusal_carries_the_problem(client: Client) -> None:
    with pytest.raises(ProblemError) as caught:
        client.submit({"dataset": "digits-8x8", "budget": {"evaluations": 0}})
    problem = caught.value

    assert (problem.status, problem.code, problem.title) == (422, "invalid-spec", "Invalid job spec")
    assert problem.errors == [{"pointer": "/budget/evaluations", "detail": "must be a whole number from 1 to 100,000"}]
    assert str(problem) == "Invalid job spec: /budget/evaluations: must be a whole number from 1 to 100,000"
    assert problem.request_id


def test_nan_is_sent_as_it_is_and_refused_by_name(client: Client) -> None:
    with pytest.raises(ProblemError, match="/budget/evaluations: not valid JSON: NaN"):
        client.submit({"dataset": "digits-8x8", "budget": {"evaluations": float("nan")}})


def test_mistyped_ids_are_refused_and_lead_nowhere_else(client: Client) -> None:
    for job_id in ("", ".", "..", "../datasets", "a?b", "a#b", "%00", "a b", "\0", "é"):
        with pytest.raises(ProblemError) as caught:
            client.get(job_id)

        assert caught.value.status == 404


def test_a_result_that_is_not_there_yet(client: Client) -> None:
    job = client.submit({"dataset": "digits-8x8"})

    for ask in (client.network, client.verdict):
        with pytest.raises(ProblemError) as caught:
            ask(job["id"])
        assert caught.value.code == "job-not-finished"


def test_events_to_the_end(client: Client, database: Database) -> None:
    job = client.submit({"dataset": "digits-8x8"})
    append(database, job["id"], 5)
    finish(database)

    events = list(client.events(job["id"]))

    assert [event.sequence for event in events] == [*range(1, 9), None]
    assert (events[1].type, events[1].data) == ("tick", {"n": 0})
    assert (events[-1].type, events[-1].data) == ("end", {"status": "succeeded"})
    assert [event.sequence for event in client.events(job["id"], after=7)] == [8, None]


def test_events_of_no_job(client: Client) -> None:
    with pytest.raises(ProblemError, match="Job not found"):
        next(client.events("none"))


@pytest.mark.slow
def test_events_go_on_after_a_restart_of_the_service(database: Database, tmp_path: Path) -> None:
    seen: list[int | None] = []
    first_seen, restarted = threading.Event(), threading.Event()

    def follow(url: str, job_id: str) -> None:
        with Client(url) as client:
            for event in client.events(job_id):
                seen.append(event.sequence)
                first_seen.set()
        restarted.set()

    with serving(tmp_path, database) as running:
        port = running.port
        with Client(running.url) as client:
            job_id = client.submit({"dataset": "digits-8x8"})["id"]
        follower = threading.Thread(target=follow, args=(running.url, job_id), daemon=True)
        follower.start()

        assert first_seen.wait(10)

    append(database, job_id, 3)
    with serving(tmp_path, database, port=port):
        append(database, job_id, 3)
        finish(database)

        assert restarted.wait(15)

    follower.join(10)

    assert seen == [*range(1, 10), None]


def test_nobody_answers() -> None:
    with Client("http://127.0.0.1:9") as client:
        assert not client.ready()

        with pytest.raises(ServiceUnavailable, match="cambrian serve"):
            client.get("abc")
        with pytest.raises(ServiceUnavailable):
            next(client.events("abc", patience=0))
