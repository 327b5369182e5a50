"""The document says what the API says, number by number."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from service.report.document import ReportResponse, report_bytes, report_etag, report_sha256, verdict_of
from service.store.database import Database
from tests.evolution.verdicts import arm, first_format, rival
from tests.evolution.verdicts import verdict_of as reached
from tests.service.report.conftest import Finished
from tests.service.report.jobs import change, judged, report_of, searched
from tests.service.runner.jobs import submit

pytestmark = pytest.mark.slow


def _verdict() -> dict[str, Any]:
    arms = (arm("evolution", 0.9, search_score=0.95), arm("smallest", 0.88), arm("hand_100", 0.8))
    return reached(*arms, rivals=[rival("mlp", 0.7)]).to_json()


@pytest.mark.slow
def test_every_part_is_what_the_api_answers(finished: Finished) -> None:
    client, job = finished.running.client, f"/v1/jobs/{finished.job_id}"
    report = client.get(f"{job}/report").json()
    number = report["family"][0]["number"]
    best = {"sort": "fitness", "status": "evaluated", "page_size": "25"}

    assert report["job"] == _get(client, job)
    assert report["verdict"] == _get(client, f"{job}/verdict")
    assert report["record"] == _get(client, f"{job}/record")
    assert report["leaders"] == _get(client, f"{job}/candidates", **best)["candidates"]
    assert report["family"] == _get(client, f"{job}/lineage", number=str(number))["family"]
    dataset = _get(client, f"/v1/datasets/{report['job']['dataset']}")
    assert report["dataset"] == {name: dataset[name] for name in report["dataset"]}
    assert report["as_of"] == report["job"]["finished_at"]


@pytest.mark.slow
def test_it_has_all_charts_as_the_api_answers_them(finished: Finished) -> None:
    client, job = finished.running.client, f"/v1/jobs/{finished.job_id}"
    report = client.get(f"{job}/report").json()

    assert [one["chart"] for one in report["charts"]] == [
        one["name"] for one in _get(client, f"{job}/charts")["charts"]
    ]
    for one in report["charts"]:
        figure = one.pop("figure")
        assert one == _get(client, f"{job}/charts/{one['chart']}")
        assert figure == _get(client, f"{job}/charts/{one['chart']}", format="plotly")


@pytest.mark.slow
def test_the_ledger_adds_up_to_what_the_phases_cost(finished: Finished) -> None:
    report = finished.running.client.get(f"/v1/jobs/{finished.job_id}/report").json()
    phases = {phase["phase"]: phase for phase in report["job"]["progress"]}

    def spent(part: str, field: str, *names: str) -> float:
        return float(
            sum(
                line[field]
                for line in report["ledger"]
                if line["part"] == part and line["name"] in (names or (line["name"],))
            )
        )

    assert spent("search", "epochs", "evolution") == phases["search"]["epochs"]
    assert spent("search", "flops", "random_search") == phases["baseline"]["flops"]
    assert spent("retraining", "epochs") == phases["final"]["epochs"]
    assert spent("total", "epochs") == sum(spent(part, "epochs") for part in ("search", "finalists", "retraining"))


def test_a_verdict_gives_the_recommendations_and_the_ledger(database: Database) -> None:
    verdict = _verdict()
    report = report_of(database, judged(database, verdict))
    best, smallest = report["recommended"]["best"], report["recommended"]["smallest"]
    totals = {line["name"]: line for line in report["ledger"] if line["part"] in {"total", "fits"}}

    assert report["verdict"] == json.loads(json.dumps(verdict))
    assert (best["score"], best["low"], best["rows"]) == (
        verdict["arms"][0]["test_accuracy"],
        verdict["arms"][0]["test_low"],
        "test",
    )
    assert smallest["score"] == verdict["arms"][1]["test_accuracy"]
    assert (totals["evolution"]["evaluations"], totals["evolution"]["cpu_seconds"]) == (19, 5.25)
    assert (totals["mlp"]["evaluations"], totals["mlp"]["epochs"], totals["mlp"]["cpu_seconds"]) == (5, None, 2.0)


def test_it_is_what_its_schema_says(database: Database) -> None:
    for job_id in (judged(database, _verdict()), searched(database), submit(database)):
        change(database, job_id, owner="local")
        report = report_of(database, job_id)

        assert ReportResponse.model_validate(report)
        assert set(report) == set(ReportResponse.model_fields)


def test_a_job_on_its_way_is_told_as_far_as_it_has_come(database: Database) -> None:
    report = report_of(database, searched(database))

    assert (report["verdict"], report["recommended"]["smallest"]) == (None, None)
    assert (report["recommended"]["best"]["score"], report["recommended"]["best"]["rows"]) == (0.5, "validation")
    assert [(line["name"], line["part"], line["evaluations"]) for line in report["ledger"]] == [("search", "phase", 8)]
    assert [(one["reason"], one["count"], one["first"]) for one in report["failures"]] == [
        ("diverged in epoch 2", 2, 5),
        ("took more than 1 GB", 1, 7),
    ]


def test_a_verdict_of_the_first_format_is_told_as_it_was_stored(database: Database) -> None:
    stored = first_format()
    report = report_of(database, judged(database, stored))

    assert report["verdict"] == stored
    assert report["recommended"]["best"]["score"] == stored["arms"][0]["test_accuracy"]


@pytest.mark.parametrize("stored", [{"format": 99, "sentence": "It was worth it.", "arms": 3}, {"format": 2}])
def test_a_verdict_that_nobody_here_can_read_is_handed_on(database: Database, stored: dict[str, Any]) -> None:
    report = report_of(database, judged(database, stored))

    assert report["verdict"] == stored
    assert verdict_of(report) is None
    assert report["ledger"][0]["part"] == "phase"


def test_a_report_of_the_same_state_has_the_same_bytes(database: Database) -> None:
    job_id = judged(database, _verdict())
    change(database, job_id, finished_at=datetime(2026, 1, 31, 12, tzinfo=UTC))
    first, second = report_of(database, job_id), report_of(database, job_id)

    assert report_bytes(first) == report_bytes(second)
    assert report_sha256(first) == hashlib.sha256(report_bytes(first)).hexdigest()


def test_the_passing_of_time_does_not_change_the_tag(database: Database) -> None:
    job_id = searched(database)
    first, second = report_of(database, job_id), report_of(database, job_id)
    change(database, job_id, notes="A remark.")
    third = report_of(database, job_id)

    assert first["as_of"] < second["as_of"]
    assert report_etag(first, "html") == report_etag(second, "html")
    assert len({report_etag(second, "html"), report_etag(second, "json"), report_etag(third, "html")}) == 3


def _get(client: httpx.Client, path: str, **query: str) -> Any:
    answer = client.get(path, params=query)

    assert answer.status_code == 200, answer.text

    return answer.json()
