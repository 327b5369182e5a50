from dataclasses import replace

from evolution.candidate import Prediction
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.store.samples import candidate, claim, evaluation


def test_the_lineage_of_the_best_or_of_any_other(running: InProcess, database: Database) -> None:
    job_id = submit(running.client)["id"]
    lease = claim(database)
    assert lease is not None
    first = replace(candidate(0, 4), operator="anchor")
    second = replace(candidate(1, 8), operator="widen", parents=(0,), prediction=Prediction(0.8, 0.1, 0.01))
    with database.write() as session:
        CandidateRepository(session).record(
            lease, "search", [first, second], [evaluation(first, 0.5), evaluation(second, 0.75)]
        )
    told = running.client.get(f"/v1/jobs/{job_id}/lineage").json()

    assert [(one["number"], one["generation"]) for one in told["family"]] == [(1, 0), (0, 1)]
    assert told["family"][0]["description"] == "256-[8 relu]-10"
    assert told["family"][0]["prediction"] == {"mean": 0.8, "deviation": 0.1, "improvement": 0.01}
    assert told["complete"] is True
    assert told["operators"][1] == {
        "operator": "widen",
        "tried": 1,
        "failed": 0,
        "compared": 1,
        "better": 1,
        "mean_change": 0.25,
    }
    assert told["calibration"]["predictions"] == 1
    assert told["sampled"] is None

    other = running.client.get(f"/v1/jobs/{job_id}/lineage?number=0").json()

    assert [one["number"] for one in other["family"]] == [0]


def test_a_number_that_no_candidate_has(running: InProcess) -> None:
    job_id = submit(running.client)["id"]

    for query in ("", "?number=0", "?number=-1", "?number=x"):
        body = problem_of(running.client.get(f"/v1/jobs/{job_id}/lineage{query}"), 422, "invalid-request")

        assert pointers(body) == ["?number"]
