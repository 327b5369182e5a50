import pytest

from benchmarks.simulation.recording import measure
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository


@pytest.mark.parametrize("batch", [7, 50])
def test_everything_is_recorded_once(database: Database, batch: int) -> None:
    rate = measure(database, workers=8, evaluations=120, demand=1e6, batch=batch)
    with database.read() as session:
        (job,) = JobRepository(session).page(10)
        candidates, evaluations = CandidateRepository(session).load(job.id, "search")
        events = EventRepository(session).after(job.id, 0)

    assert [candidate.number for candidate in candidates] == list(range(120))
    assert [evaluation.candidate for evaluation in evaluations] == candidates
    assert [event.sequence for event in events] == list(range(1, 243))
    assert rate.evaluations == 120
    assert rate.transactions >= 240 / batch
    assert rate.per_second > 0


def test_a_demand_far_below_what_the_driver_can_do_keeps_the_workers_busy(database: Database) -> None:
    rate = measure(database, workers=4, evaluations=60, demand=0.5, batch=50)

    assert rate.use_while_fed > 0.9
    # Nothing is gained by recording later than the driver can.
    assert rate.transactions > 40
