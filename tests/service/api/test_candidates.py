import httpx
import pytest

from evolution.candidate import Prediction
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import candidate, claim, evaluation

FITNESS = [0.5, None, 0.9, 0.7, 0.9]


def _recorded(running: InProcess, database: Database) -> str:
    """A job with five evaluated candidates, one of them failed, and one that is pending."""
    job = submit(running.client)
    lease = claim(database)
    assert lease is not None
    proposed = [candidate(number) for number in range(6)]
    with database.write() as session:
        CandidateRepository(session).record(
            lease, "search", proposed, [evaluation(proposed[number], fitness) for number, fitness in enumerate(FITNESS)]
        )
    return str(job["id"])


def test_candidates_by_number_and_by_fitness(running: InProcess, database: Database) -> None:
    path = f"/v1/jobs/{_recorded(running, database)}/candidates"

    for sort, expected in (("number", [0, 1, 2, 3, 4, 5]), ("fitness", [2, 4, 3, 0, 1, 5])):
        seen: list[int] = []
        parameters = {"sort": sort, "page_size": "2"}
        while True:
            answer = running.client.get(path, params=parameters)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            seen += [one["number"] for one in page["candidates"]]
            if page["next_page_token"] is None:
                break
            parameters["page_token"] = page["next_page_token"]

        assert seen == expected


def test_replicates_and_predictions_are_told(running: InProcess, database: Database) -> None:
    job = submit(running.client)
    lease = claim(database)
    assert lease is not None
    several = candidate(0, replicates=2, stop_after=2, prediction=Prediction(0.9, 0.02, 0.001))
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [several], [evaluation(several, 0.5, scores=(0.4, 0.6))])
    (told,) = running.client.get(f"/v1/jobs/{job['id']}/candidates").json()["candidates"]

    assert (told["replicates"], told["stop_after"], told["fitness"]) == (2, 2, 0.5)
    assert told["standard_error"] == pytest.approx(0.1)
    assert told["prediction"] == {"mean": 0.9, "deviation": 0.02, "improvement": 0.001}


def test_what_is_told_of_a_candidate(running: InProcess, database: Database) -> None:
    page = running.client.get(f"/v1/jobs/{_recorded(running, database)}/candidates").json()
    evaluated, failed, pending = page["candidates"][2], page["candidates"][1], page["candidates"][5]

    assert evaluated["status"] == "evaluated"
    assert evaluated["fitness"] == 0.9
    assert evaluated["parents"] == [0, 1]
    assert evaluated["architecture"] == {
        "format": 1,
        "input_shape": [16, 16],
        "layers": [{"kind": "dense", "units": 3, "activation": "relu"}],
        "outputs": 10,
    }
    assert evaluated["description"] == "256-[3 relu]-10"
    assert evaluated["parameters"] == 257 * 3 + 4 * 10
    assert evaluated["seed"] == 2**63 - 3
    assert (evaluated["replicates"], evaluated["standard_error"], evaluated["prediction"]) == (1, None, None)
    assert evaluated["cpu_seconds"] == 0.1 + 0.2
    assert evaluated["evaluated_at"].endswith("Z")
    assert (failed["status"], failed["fitness"], failed["error"]) == ("failed", None, "diverged in epoch 2")
    assert (pending["status"], pending["fitness"], pending["evaluated_at"]) == ("pending", None, None)


def test_the_job_tells_its_progress(running: InProcess, database: Database) -> None:
    job = running.client.get(f"/v1/jobs/{_recorded(running, database)}").json()

    assert job["status"] == "running"
    (progress,) = job["progress"]
    assert progress["phase"] == "search"
    assert (progress["proposed"], progress["evaluated"], progress["failed"], progress["pending"]) == (6, 4, 1, 1)
    assert job["best"]["number"] == 2
    assert job["best"]["description"] == "256-[3 relu]-10"
    assert job["best_so_far"] == [{"number": 0, "fitness": 0.5}, {"number": 2, "fitness": 0.9}]
    assert running.client.get("/v1/jobs").json()["jobs"][0]["progress"] == [progress]


def test_phases_are_apart(running: InProcess, database: Database) -> None:
    path = f"/v1/jobs/{_recorded(running, database)}/candidates"

    assert running.client.get(path, params={"phase": "baseline"}).json() == {"candidates": [], "next_page_token": None}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("phase=test", "?phase"),
        ("sort=seed", "?sort"),
        ("sort=id;drop", "?sort"),
        ("sort=__class__", "?sort"),
        ("page_size=0", "?page_size"),
        ("status=done", "?status"),
        ("layers=-1", "?layers"),
        ("layers=two", "?layers"),
        ("min_parameters=1e3", "?min_parameters"),
        ("max_parameters=9999999999999", "?max_parameters"),
        ("parameters=5", "?parameters"),
        ("page_token=abc", "?page_token"),
    ],
)
def test_queries_that_are_refused(client: httpx.Client, query: str, pointer: str) -> None:
    job = submit(client)

    assert pointers(problem_of(client.get(f"/v1/jobs/{job['id']}/candidates?{query}"), 422)) == [pointer]


def test_a_token_of_another_order(running: InProcess, database: Database) -> None:
    path = f"/v1/jobs/{_recorded(running, database)}/candidates"
    token = running.client.get(path, params={"page_size": 1}).json()["next_page_token"]

    problem_of(running.client.get(path, params={"sort": "fitness", "page_token": token}), 422)
