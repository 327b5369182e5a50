import logging
import threading
from pathlib import Path

import pytest
from sqlalchemy import update

from service.examination.files import ExaminationFiles
from service.runner.chores import Chores
from service.runner.pruner import Pruner
from service.settings import Settings
from service.store.database import Database
from service.store.models import jobs
from tests.service.store import samples
from tests.service.store.test_retention import counts, ended


def settings(data_dir: Path, days: int | None, archived_days: int | None = None) -> Settings:
    return Settings(data_dir=data_dir, retention_days=days, retention_archived_days=archived_days)


def test_without_a_policy_everything_is_kept(database: Database, tmp_path: Path) -> None:
    ended(database, 10_000)
    before = counts(database)

    assert Pruner(database, settings(tmp_path, None), threading.Event()).prune() == 0
    assert counts(database) == before


def test_what_is_too_old_is_removed_and_logged(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    samples.create(database)
    ended(database, 29)
    gone = [ended(database, days).id for days in (31, 400)]

    assert Pruner(database, settings(tmp_path, 30), threading.Event()).prune() == 2
    assert counts(database)["jobs"] == 2
    assert all(f"job {job_id} (succeeded) ended more than 30 days ago" in caplog.text for job_id in gone)
    assert "2 old jobs were removed" in caplog.text


def test_examinations_go_with_their_job(database: Database, tmp_path: Path) -> None:
    kept, gone = ended(database, 29).id, ended(database, 31).id
    files = ExaminationFiles(tmp_path)
    for job_id in (kept, gone):
        files.make(job_id)

    Pruner(database, settings(tmp_path, 30), threading.Event()).prune()

    assert files.jobs() == [kept]


@pytest.mark.parametrize(("days", "archived_days", "kept"), [(30, None, 2), (None, 30, 2), (30, 200, 1), (30, 30, 0)])
def test_the_archive_has_a_policy_of_its_own(
    database: Database, tmp_path: Path, days: int | None, archived_days: int | None, kept: int
) -> None:
    ended(database, 100)
    ended(database, 100)
    in_archive = [ended(database, number).id for number in (100, 300)]
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id.in_(in_archive)).values(archived=True))

    Pruner(database, settings(tmp_path, days, archived_days), threading.Event()).prune()

    assert counts(database)["jobs"] == kept


def test_a_runner_prunes_when_it_starts_and_ends_at_once(database: Database, tmp_path: Path) -> None:
    ended(database, 31)
    with Chores(database, settings(tmp_path, 30)) as chores:
        while counts(database)["jobs"]:
            chores._threads[0].join(0.01)

    assert not any(thread.is_alive() for thread in chores._threads)


def test_pruning_stops_when_the_runner_does(database: Database, tmp_path: Path) -> None:
    ended(database, 31)
    stop = threading.Event()
    stop.set()

    assert Pruner(database, settings(tmp_path, 30), stop).prune() == 0
