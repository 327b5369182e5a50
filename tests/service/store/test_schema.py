import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text

import migrations
from service.errors import SchemaNewer
from service.store import schema, sqlite
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.models import metadata
from service.store.progress import load_progress
from service.store.schema import SchemaOlder
from tests.service.store import samples
from tests.service.store.processes import KILLED, context, join, start

TABLES = {table.name for table in metadata.sorted_tables}
PROCESSES = 3
KILLS = 30


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    """A database without tables."""
    database = Database(empty_url)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    with database.read() as session:
        return set(inspect(session.connection()).get_table_names()) - {"alembic_version"}


def differences(database: Database) -> list[Any]:
    with database.read() as session:
        return list(compare_metadata(MigrationContext.configure(session.connection()), metadata))


def test_up_down_up(empty: Database) -> None:
    empty.upgrade()

    assert tables(empty) == TABLES

    empty.downgrade()

    assert tables(empty) == set()

    empty.upgrade()
    empty.upgrade()

    assert tables(empty) == TABLES
    assert samples.create(empty).status == "queued"


def test_the_migrations_make_the_tables_of_the_models(database: Database) -> None:
    assert differences(database) == []


def test_the_checks_of_the_migrations_are_those_of_the_models(database: Database) -> None:
    # Alembic's comparison leaves checks out.
    with database.read() as session:
        inspector = inspect(session.connection())
        stored = {
            (table.name, check["name"])
            for table in metadata.sorted_tables
            for check in inspector.get_check_constraints(table.name)
        }
    declared = {
        (table.name, str(check.name))
        for table in metadata.sorted_tables
        for check in table.constraints
        if type(check).__name__ == "CheckConstraint"
    }

    assert stored == declared


def test_constraints_have_names_of_the_convention(database: Database) -> None:
    with database.read() as session:
        inspector = inspect(session.connection())
        names = {inspector.get_pk_constraint(table)["name"] for table in TABLES}

    assert names == {f"pk_{table}" for table in TABLES}


def test_an_upgrade_keeps_what_is_there(database: Database) -> None:
    job = samples.create(database)
    database.upgrade()

    assert samples.get(database, job.id) == job


def test_the_rows_of_the_first_schema_are_read_after_the_upgrade(database: Database) -> None:
    lease = samples.start(database)
    known = [samples.candidate(0), samples.candidate(1)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", known, [samples.evaluation(known[0])])
    database.downgrade("0001")
    database.upgrade()
    with database.read() as session:
        loaded = CandidateRepository(session).load(lease.job_id, "search")

    assert loaded == (known, [samples.evaluation(known[0])])


def test_an_upgrade_finds_the_improvements_among_the_candidates(database: Database) -> None:
    lease = samples.start(database)
    known = [samples.candidate(number) for number in range(6)]
    results = [
        samples.evaluation(one, fitness) for one, fitness in zip(known, (0.2, 0.1, None, 0.4, 0.4, 0.5), strict=True)
    ]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", known, results)
    with database.read() as session:
        before = load_progress(session, lease.job_id, "search")
    database.downgrade("0005")
    database.upgrade()
    with database.read() as session:
        after = load_progress(session, lease.job_id, "search")

    assert [one.number for one in before.improvements] == [0, 3, 5]
    assert after == before


def test_a_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = samples.dump(database)

    for touch in (database.upgrade, database.downgrade, database.check_schema):
        with pytest.raises(SchemaNewer, match="newer release"):
            touch()

    assert samples.dump(database) == before


def test_an_older_schema_is_noticed(empty: Database) -> None:
    with pytest.raises(SchemaOlder, match="cambrian db upgrade"):
        empty.check_schema()
    empty.upgrade()
    empty.check_schema()


def test_a_migration_that_fails_changes_nothing(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_at_the_end(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith("CREATE TABLE networks"):
            raise RuntimeError("as if the power had failed")

    event.listen(Engine, "before_cursor_execute", fail_at_the_end)
    try:
        with pytest.raises(RuntimeError, match="power"):
            empty.upgrade()
    finally:
        event.remove(Engine, "before_cursor_execute", fail_at_the_end)

    assert tables(empty) == set()

    empty.upgrade()

    assert tables(empty) == TABLES


def test_rows_that_point_to_nothing_are_not_committed(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with (
        pytest.raises(RuntimeError, match="1 rows that point to nothing"),
        schema.locked(database._engine) as connection,
    ):
        connection.execute(
            text("INSERT INTO events (job_id, sequence, type, data, created_at) VALUES ('x', 1, 'a', '{}', '')")
        )

    assert samples.dump(database)["events"] == []

    with database.read() as session:
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1

    database.close()


def test_it_works_from_any_folder_and_any_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "100% odd; [place]"
    shutil.copytree(Path(migrations.__file__).parent, odd)
    monkeypatch.setattr(migrations, "__file__", str(odd / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    database = Database(f"sqlite:///{tmp_path / 'cambrian.db'}")
    database.upgrade()

    assert tables(database) == TABLES

    database.close()


def upgrade_together(url: str, barrier: Barrier, journal: sqlite.Journal | None) -> None:
    if journal is not None:
        setattr(sqlite, "safe_journal", lambda _version: journal)  # noqa: B010 - mypy has a type for the function
    database = Database(url)
    barrier.wait(60)
    database.upgrade()
    database.close()


@pytest.mark.slow
def test_three_processes_upgrade_at_once(empty: Database, empty_url: str) -> None:
    for _ in range(5):
        barrier = context.Barrier(PROCESSES)
        ends = join(*(start(upgrade_together, empty_url, barrier, None) for _ in range(PROCESSES)))

        assert ends == [0] * PROCESSES
        assert tables(empty) == TABLES

        empty.downgrade()


@pytest.mark.slow
def test_three_processes_upgrade_at_once_with_a_write_ahead_log(tmp_path: Path) -> None:
    for number in range(20):
        url = f"sqlite:///{tmp_path / str(number)}.db"
        barrier = context.Barrier(PROCESSES)
        ends = join(*(start(upgrade_together, url, barrier, "wal") for _ in range(PROCESSES)))

        assert ends == [0] * PROCESSES


def die_at_statement(url: str, number: int) -> None:
    seen = 0

    def count(*_arguments: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    Database(url).upgrade()


def statements_of_an_upgrade(database: Database) -> int:
    seen = 0

    def count(*_arguments: Any) -> None:
        nonlocal seen
        seen += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        database.upgrade()
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    return seen


@pytest.mark.slow
def test_an_upgrade_killed_before_a_statement_can_be_done_again(empty: Database, empty_url: str) -> None:
    statements = statements_of_an_upgrade(empty)
    empty.downgrade()
    _forget_version(empty)

    assert statements > len(TABLES)

    # Each one would take minutes: an upgrade has hundreds by now.
    for number in sorted({1 + round(step * (statements - 1) / KILLS) for step in range(KILLS + 1)}):
        (end,) = join(start(die_at_statement, empty_url, number))

        assert end == KILLED
        assert tables(empty) == set()

    empty.upgrade()

    assert tables(empty) == TABLES


def upgrade_when_told(url: str, barrier: Barrier) -> None:
    database = Database(url)
    barrier.wait(60)
    database.upgrade()


@pytest.mark.slow
def test_an_upgrade_killed_at_any_moment_can_be_done_again(empty: Database, empty_url: str) -> None:
    rng = random.Random(1)
    killed = 0
    for _ in range(20):
        barrier = context.Barrier(2)
        process = start(upgrade_when_told, empty_url, barrier)
        barrier.wait(60)
        time.sleep(rng.uniform(0, 0.12))
        process.kill()
        killed += join(process) == [KILLED]

        assert tables(empty) in (set(), TABLES)

        empty.upgrade()

        assert tables(empty) == TABLES

        empty.downgrade()
        _forget_version(empty)

    assert killed > 0


def _forget_version(database: Database) -> None:
    """Make the database as empty as a new one: the downgrade leaves Alembic's own table."""
    with database.write() as session:
        session.execute(text("DROP TABLE alembic_version"))
