"""The losers' weights fill no disk: a job keeps three networks, and on its way those that may become one of them."""

from pathlib import Path

import pytest
from sqlalchemy import select

from evolution.candidate import Evaluation
from evolution.evaluation import SerialEvaluator
from service.runner import job_run
from service.store.database import Database
from service.store.models import networks
from tests.service.runner.jobs import execute, settings_for, submit

pytestmark = pytest.mark.slow


def stored(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(row.phase, row.number) for row in session.execute(select(networks.c.phase, networks.c.number))]


def test_only_the_winners_last_trainings_are_kept_and_in_the_end_three(
    sqlite_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(sqlite_url)
    seen: list[list[tuple[str, int]]] = []

    class Watching(SerialEvaluator):
        def wait(self, timeout: float) -> list[Evaluation]:
            seen.append(stored(database))
            evaluations = super().wait(timeout)
            # Nothing but the final phase's winner even sends its weights.
            assert all(one.network is None or one.candidate.operator == "retrain" for one in evaluations)
            return evaluations

    monkeypatch.setattr(job_run, "open_evaluator", lambda _settings, dataset, _limits: Watching(dataset))
    job = execute(database, settings_for(sqlite_url, data_dir), submit(database, verdict={"seeds": 6, "rivals": False}))

    assert job.status == "succeeded", job.error
    assert {phase for rows in seen for phase, _ in rows} == {"final"}
    assert max(map(len, seen)) <= 6 + 2
    # The winner, and two beside it.
    assert len(stored(database)) == 3

    database.close()
