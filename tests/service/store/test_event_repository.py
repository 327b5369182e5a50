import pytest

from service.errors import JobNotFound
from service.store.database import Database
from service.store.event_repository import EventRepository
from tests.service.store.samples import create, dump, get


def test_events_are_numbered_without_gaps(database: Database) -> None:
    job, other = create(database), create(database)
    with database.write() as session:
        repository = EventRepository(session)
        appended = [repository.append(job.id, "note", {"value": value}) for value in (0.1 + 0.2, None, "ü", [1])]
        repository.append(other.id, "note", {})
    with database.read() as session:
        repository = EventRepository(session)
        told = repository.after(job.id, 1)

        assert told == appended
        assert [event.sequence for event in told] == [2, 3, 4, 5]
        assert repository.after(job.id, 3, limit=1) == told[2:3]
        assert repository.after(job.id, 5) == []
        assert [event.sequence for event in repository.after(other.id, 0)] == [1, 2]
    assert get(database, job.id).event_count == 5


def test_a_transaction_that_fails_leaves_no_gap(database: Database) -> None:
    job = create(database)

    def fail() -> None:
        with database.write() as session:
            EventRepository(session).append(job.id, "note", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.write() as session:
        assert EventRepository(session).append(job.id, "note", {}).sequence == 2


@pytest.mark.parametrize("job_id", ["nothing", "\0", "\ud800"])
def test_unknown_jobs_have_no_events(database: Database, job_id: str) -> None:
    with database.read() as session:
        assert EventRepository(session).after(job_id, 0) == []
    with pytest.raises(JobNotFound), database.write() as session:
        EventRepository(session).append(job_id, "note", {})

    assert dump(database)["events"] == []
