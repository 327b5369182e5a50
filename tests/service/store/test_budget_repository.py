import pytest

from service.errors import JobFinished, JobNotFound, LeaseLost, SearchEnded
from service.store.budget_repository import BudgetRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository
from tests.service.store.samples import FAR_AWAY, claim, create, dump, get, start


def test_a_budget_is_changed_with_an_event(database: Database) -> None:
    job = create(database)
    with database.write() as session:
        budgets = BudgetRepository(session)
        budgets.change(budgets.locked(job.id), {"evaluations": 40})
    with database.read() as session:
        last = EventRepository(session).after(job.id, 1)[-1]

    assert get(database, job.id).spec == job.spec | {"budget": {"evaluations": 40}}
    assert (last.type, last.data) == ("budget", {"evaluations": 40})


def locked(database: Database, job_id: str) -> None:
    with database.write() as session:
        BudgetRepository(session).locked(job_id)


def test_a_running_search_can_be_changed_until_it_has_ended(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        JobRepository(session).set_phase(lease, "search")
    locked(database, lease.job_id)
    with database.write() as session:
        BudgetRepository(session).end_search(lease, 7, "time")
    job = get(database, lease.job_id)

    assert (job.stopped_at, job.stop_reason) == (7, "time")
    with pytest.raises(SearchEnded, match="its last trainings run"):
        locked(database, lease.job_id)
    with database.write() as session:
        JobRepository(session).set_phase(lease, "baseline")
    with pytest.raises(SearchEnded, match="phase baseline"):
        locked(database, lease.job_id)
    with database.write() as session:
        JobRepository(session).finish(lease, "cancelled")
    with pytest.raises(JobFinished, match="has been cancelled"):
        locked(database, lease.job_id)
    with pytest.raises(JobNotFound):
        locked(database, "none\0")


def test_the_runner_counts_seconds_and_hears_of_the_budget(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        budgets = BudgetRepository(session)
        budgets.change(budgets.locked(lease.job_id), {"evaluations": 40})
    with database.write() as session:
        assert BudgetRepository(session).count_seconds(lease, 12.5) == {"evaluations": 40}
        assert BudgetRepository(session).held(lease).search_seconds == 12.5


def test_a_runner_that_lost_the_job_writes_nothing(database: Database) -> None:
    lost = start(database, seconds=-1)
    assert claim(database, FAR_AWAY) is not None
    before = dump(database)

    def writes(lease: Lease) -> None:
        with database.write() as session:
            BudgetRepository(session).count_seconds(lease, 1.0)

    def ends(lease: Lease) -> None:
        with database.write() as session:
            BudgetRepository(session).end_search(lease, 1, None)

    def holds(lease: Lease) -> None:
        with database.write() as session:
            BudgetRepository(session).held(lease)

    for act in (writes, ends, holds):
        with pytest.raises(LeaseLost):
            act(lost)

    assert dump(database) == before
