"""Whose turn it is."""

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update

from service.errors import JobNotQueued, QuotaExceeded
from service.store.database import Database
from service.store.entities import Lease, now
from service.store.job_repository import JobRepository
from service.store.models import jobs
from service.store.queue import Queue
from tests.service.store import samples
from tests.service.store.samples import ELSEWHERE, claim, get


def queue(database: Database, owner: str, priority: int = 0) -> str:
    with database.write() as session:
        return JobRepository(session, owner).create("a job", "iris", samples.SPEC, 0, priority=priority).id


def flood(database: Database, owner: str, count: int) -> None:
    with database.write() as session:
        session.execute(
            insert(jobs),
            [
                {
                    "id": f"{owner}{number}",
                    "owner": owner,
                    "name": "one of many",
                    "status": "queued",
                    "dataset": "iris",
                    "spec": samples.SPEC,
                    "seed": number,
                    "created_at": now(),
                    "cancel_requested": False,
                    "lease_number": 0,
                    "event_count": 0,
                    "priority": number % 3,
                }
                for number in range(count)
            ],
        )


def take(database: Database, **options: Any) -> Lease:
    with database.write() as session:
        lease = Queue(session).claim(ELSEWHERE, 1000, **options)

    assert lease is not None

    return lease


def finish(database: Database, lease: Lease) -> None:
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded")


def owner_of(database: Database, lease: Lease) -> str:
    return get(database, lease.job_id).owner


def test_the_highest_priority_of_an_owner_is_taken_first_then_the_oldest(database: Database) -> None:
    low, first, second, high = (queue(database, "ada", priority) for priority in (-10, 0, 0, 10))

    assert [take(database).job_id for _ in range(4)] == [high, first, second, low]
    assert get(database, high).priority == 10


def test_a_priority_says_nothing_to_other_owners(database: Database) -> None:
    for _ in range(3):
        queue(database, "ada", 10)
    modest = queue(database, "charles", -10)
    take(database)

    assert take(database).job_id == modest


def test_a_priority_is_changed_while_the_job_waits(database: Database) -> None:
    first, second = queue(database, "ada"), queue(database, "ada")
    with database.write() as session:
        Queue(session).set_priority(JobRepository(session).locked(second), 1)

    assert take(database).job_id == second

    with database.write() as session, pytest.raises(JobNotQueued, match="it is running"):
        Queue(session).set_priority(JobRepository(session).locked(second), 2)

    assert take(database).job_id == first


def test_the_owner_with_the_fewest_running_jobs_is_served(database: Database) -> None:
    for _ in range(3):
        queue(database, "ada")
    running = [take(database) for _ in range(3)]
    for _ in range(4):
        queue(database, "ada")
        queue(database, "charles")

    assert [owner_of(database, take(database)) for _ in range(3)] == ["charles"] * 3

    for lease in running:
        finish(database, lease)

    assert [owner_of(database, take(database)) for _ in range(3)] == ["ada"] * 3


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_whoever_comes_to_a_flood_gets_the_next_free_slot(database: Database, slots: int) -> None:
    flood(database, "ada", 10_000 if slots == 1 else 50)
    running = [take(database) for _ in range(slots)]
    finish(database, running.pop())
    running.append(take(database))
    newcomer = queue(database, "charles")
    finish(database, running.pop(0))

    assert take(database).job_id == newcomer


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 3, 4])
def test_two_busy_owners_get_equal_shares_of_the_slots(sqlite_url: str, slots: int) -> None:
    """What is shared is slots, not jobs: those of one owner may be twice as long.

    An odd slot is shared by turns, so that there lengths count.
    """
    database = Database(sqlite_url)
    flood(database, "ada", 80)
    flood(database, "charles", 80)
    draws = random.Random(slots)
    held = {"ada": 0.0, "charles": 0.0}
    running: list[tuple[float, str, Lease]] = []
    time = 0.0
    for _ in range(70):
        while len(running) < slots:
            lease = take(database)
            owner = owner_of(database, lease)
            longer = 2 if owner == "ada" and slots % 2 == 0 else 1
            running.append((time + longer * draws.uniform(0.5, 1.5), owner, lease))
        running.sort(key=lambda one: one[0])
        ends, _, lease = running[0]
        for _, owner, _ in running:
            held[owner] += ends - time
        time = ends
        del running[0]
        finish(database, lease)

    assert 0.8 <= held["ada"] / held["charles"] <= 1.25, held

    database.close()


def test_a_job_whose_runner_is_gone_comes_first_and_keeps_its_turn(database: Database) -> None:
    queue(database, "ada", 10)
    first = take(database)
    queue(database, "charles", 10)
    queue(database, "ada", 10)
    with database.write() as session:
        JobRepository(session).release(first)

    assert take(database) == replace(first, number=2)
    # Taking it again was no second turn of Ada's.
    with database.read() as session:
        assert session.execute(select(jobs.c.turn).where(jobs.c.id == first.job_id)).scalar_one() == 1


def test_nobody_runs_more_at_once_than_the_quota(database: Database) -> None:
    for _ in range(3):
        queue(database, "ada")
    first = take(database, most_running=2)
    take(database, most_running=2)
    with database.write() as session:
        assert Queue(session).claim(ELSEWHERE, 1000, most_running=2) is None
    other = queue(database, "charles")

    assert take(database, most_running=2).job_id == other

    finish(database, first)

    assert owner_of(database, take(database, most_running=2)) == "ada"


def test_an_orphan_is_taken_over_whatever_the_quota(database: Database) -> None:
    queue(database, "ada")
    lease = take(database, most_running=1)
    with database.write() as session:
        JobRepository(session).release(lease)

    assert take(database, most_running=1).job_id == lease.job_id


def test_the_queue_of_an_owner_is_full_at_the_quota(database: Database) -> None:
    for _ in range(3):
        queue(database, "ada")
    with database.write() as session:
        Queue(session).require_room("charles", 3)
        Queue(session).require_room("ada", 4)
        with pytest.raises(QuotaExceeded, match="3 jobs of yours are queued"):
            Queue(session).require_room("ada", 3)
    take(database)
    with database.write() as session:
        Queue(session).require_room("ada", 3)


def test_a_job_that_waits_again_gets_a_new_turn(database: Database) -> None:
    queue(database, "ada")
    first = take(database)
    queue(database, "charles")
    with database.write() as session:
        session.execute(
            update(jobs).where(jobs.c.id == first.job_id).values(status="queued", lease_runner=None, lease_expires=None)
        )
    take(database)

    assert take(database).job_id == first.job_id
    with database.read() as session:
        assert session.execute(select(jobs.c.turn).where(jobs.c.id == first.job_id)).scalar_one() == 3


def test_claims_follow_indexes_with_ten_thousand_jobs_waiting(database: Database) -> None:
    flood(database, "ada", 10_000)
    flood(database, "charles", 10)
    if database.dialect == "postgresql":
        with database.write() as session:
            session.execute(text("ANALYZE jobs"))
    plan = plan_of_the_claim(database)

    assert "ix_jobs_status_owner_priority_created_at_id" in plan
    assert "ix_jobs_owner_turn" in plan
    assert "ix_jobs_turn" in plan
    # No table is read from end to end, and the flood is never sorted.
    assert "Seq Scan" not in plan
    assert "SCAN jobs\n" not in plan
    assert "SCAN others\n" not in plan


def plan_of_the_claim(database: Database) -> str:
    """Explain the very statement that a claim executes, with its values."""
    statements: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    with database.write() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", keep)
        Queue(session).claim(ELSEWHERE, 1000)
        event.remove(connection, "before_cursor_execute", keep)
        statement, parameters = next(one for one in statements if "UPDATE jobs SET status" in one[0])
        rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
        session.rollback()
    return "\n".join(str(row[-1]) for row in rows) + "\n"


def test_eight_turns_in_a_row_alternate(database: Database) -> None:
    for _ in range(4):
        queue(database, "ada")
        queue(database, "charles")
    owners = []
    for _ in range(8):
        lease = take(database)
        owners.append(owner_of(database, lease))
        finish(database, lease)

    assert owners in (["ada", "charles"] * 4, ["charles", "ada"] * 4)
    assert claim(database) is None
