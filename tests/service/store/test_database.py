import logging
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from service.errors import DatabaseUnavailable
from service.store.database import IDLE_SECONDS, Database
from service.store.job_repository import JobRepository
from service.store.models import jobs
from tests.postgres import Postgres
from tests.service.store import samples


class Expected(Exception):
    pass


def test_a_write_is_stored_on_leaving(database: Database, database_url: str) -> None:
    job = samples.create(database)
    second = Database(database_url)

    assert samples.get(second, job.id) == job

    second.close()


def test_a_write_that_fails_stores_nothing(database: Database) -> None:
    before = samples.dump(database)

    def fail() -> None:
        with database.write() as session:
            session.execute(text("UPDATE jobs SET name = 'x'"))
            JobRepository(session).create("a", "b", {}, 1)
            raise Expected

    with pytest.raises(Expected):
        fail()

    assert samples.dump(database) == before


def test_a_read_cannot_write(database: Database) -> None:
    job = samples.create(database)
    with pytest.raises(DBAPIError), database.read() as session:
        session.execute(text("UPDATE jobs SET name = 'x'"))

    assert samples.get(database, job.id).name == "digits"


def test_a_read_sees_one_state(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.read() as session:
        before = session.execute(select(jobs)).all()
        samples.create(database)
        after = session.execute(select(jobs)).all()

    assert before == after == []

    database.close()


def test_nan_never_reaches_json(database: Database) -> None:
    with pytest.raises((ValueError, StatementError)), database.write() as session:
        JobRepository(session).create("a", "b", {"rate": float("nan")}, 1)


def test_states_that_do_not_exist_are_refused(database: Database) -> None:
    job = samples.create(database)
    for change in ({"status": "done"}, {"phase": "warmup"}, {"name": None}):
        with pytest.raises(IntegrityError), database.write() as session:
            session.execute(update(jobs).values(change))

    assert samples.get(database, job.id) == job


def test_moments_without_a_zone_are_refused(database: Database) -> None:
    job = samples.create(database)
    with pytest.raises(StatementError, match="needs a time zone"), database.write() as session:
        session.execute(insert(jobs).values(id="x", created_at=job.created_at.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://localhost/x", "must be sqlite or postgresql"),
        ("nonsense", "looks like"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "needs a file"),
    ],
)
def test_other_databases_are_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Database(url)


def test_passwords_are_not_shown() -> None:
    database = Database("postgresql://user:secret@localhost/name")

    assert "secret" not in database.description
    assert database.dialect == "postgresql"
    assert database.journal is None


def test_a_server_that_is_not_there_is_unavailable_at_once() -> None:
    database = Database("postgresql://user@127.0.0.1:1/name")
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable), database.read() as session:
        session.execute(text("SELECT 1"))

    assert time.monotonic() - began < 2

    database.close()


def test_a_file_that_is_no_file_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}")
    with pytest.raises(DatabaseUnavailable), database.write() as session:
        session.execute(text("SELECT 1"))

    database.close()


def test_mistakes_in_sql_are_not_called_unavailable(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as session:
        session.execute(text("SELECT nothing FROM nowhere"))


def test_lost_connections_are_replaced(postgres: Postgres, postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "sqlalchemy.pool")
    database = Database(postgres_url)
    samples.create(database)
    _end_sessions(postgres, postgres_url)

    assert len(samples.dump(database)["jobs"]) == 1

    def lose() -> None:
        with database.write() as session:
            JobRepository(session).create("a", "b", {}, 1)
            _end_sessions(postgres, postgres_url)
            JobRepository(session).create("a", "b", {}, 1)

    with pytest.raises(DatabaseUnavailable):
        lose()

    assert len(samples.dump(database)["jobs"]) == 1

    database.close()


def _end_sessions(postgres: Postgres, url: str) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.rpartition("/")[2]]
        )


def test_a_transaction_that_waits_for_a_stopped_process_is_ended(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.read() as session:
        told = session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()

    assert told == f"{IDLE_SECONDS}s"

    database.close()
    impatient = Database(f"{postgres_url}?options=-c%20idle_in_transaction_session_timeout%3D10ms")
    with pytest.raises(DatabaseUnavailable), impatient.write() as session:  # noqa: PT012 - it takes two statements
        session.execute(text("SELECT 1"))
        time.sleep(0.2)
        session.execute(text("SELECT 1"))
    impatient.close()
