"""Each invariant is broken by hand, and is the one that is named."""

from contextlib import closing

import pytest
from sqlalchemy import text

from service.store.database import Database
from service.store.soundness import findings
from tests.service.store.test_backup import recorded_job


def broken(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {finding.check: finding.broken for finding in findings(session) if not finding.ok}


def test_what_the_store_writes_is_sound(database: Database) -> None:
    recorded_job(database)
    recorded_job(database)

    assert broken(database) == {}


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE candidates SET fitness = 0.5 WHERE status = 'evaluated'", "status and fitness"),
        ("UPDATE evaluations SET fitness = NULL, error = 'x' WHERE fitness IS NOT NULL", "status and fitness"),
        ("DELETE FROM events WHERE sequence = 2", "without gaps"),
        ("UPDATE jobs SET event_count = event_count + 1", "without gaps"),
        ("UPDATE progress SET evaluated = 7", "progress"),
        ("UPDATE progress SET best_fitness = 0.99", "progress"),
        ("UPDATE jobs SET status = 'succeeded'", "ended has no runner"),
        ("UPDATE jobs SET started_at = NULL", "one that runs has begun"),
    ],
)
def test_a_row_that_disagrees_is_found(database: Database, statement: str, check: str) -> None:
    recorded_job(database)
    with database.write() as session:
        session.execute(text(statement))

    found = broken(database)

    assert any(check in name for name in found), found
    assert all(count >= 1 for count in found.values())


def test_a_row_that_points_to_nothing_is_found(sqlite_url: str) -> None:
    with closing(Database(sqlite_url)) as database:
        job_id = recorded_job(database).job_id
        with database.write() as session:
            # As another program would that never heard of foreign keys.
            session.connection().exec_driver_sql("COMMIT")
            session.connection().exec_driver_sql("PRAGMA foreign_keys = OFF")
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            session.execute(text("DELETE FROM jobs WHERE id = :id"), {"id": job_id})

        assert broken(database)["every row belongs to a row that exists"] > 5
