"""Whatever users and runners do, in whatever order: no job is ever in a state that it cannot be in."""

from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from service.errors import Conflict, JobNotFound, LeaseLost
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import FINAL_STATUSES, FinalStatus, Lease
from service.store.event_repository import EventRepository
from service.store.job_control import JobControl
from service.store.job_repository import JobRepository
from service.store.models import candidates, jobs
from service.store.queue import Queue
from tests.service.store.samples import ELSEWHERE, SPEC, candidate

pytestmark = pytest.mark.slow

SEQUENCES: Final = 500
MOST_JOBS: Final = 2
STEPS: Final = 15
UNSAFE: Final = "PRAGMA synchronous = OFF"
NEXT: Final[dict[str, set[str]]] = {
    "queued": {"running", "paused", "cancelled"},
    # A runner that is gone leaves the job running, and the next one claims it.
    "running": {"running", "paused", *FINAL_STATUSES},
    "paused": {"queued", "cancelled"},
    "succeeded": set(),
    "failed": set(),
    "cancelled": set(),
}


class Jobs(RuleBasedStateMachine):
    """Users who ask for anything at any time, and runners that claim, obey, stop, die, and come back too late."""

    ids = Bundle("ids")
    leases = Bundle("leases")

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.submitted = 0

    @initialize(target=ids)
    def begin(self) -> str:
        return self.submit()

    @precondition(lambda self: self.submitted < MOST_JOBS)
    @rule(target=ids)
    def submit_another(self) -> str:
        return self.submit()

    def submit(self) -> str:
        self.submitted += 1
        with self.database.write() as session:
            return JobRepository(session).create("any", "digits-8x8", SPEC, 0).id

    @rule(job_id=ids)
    def pause(self, job_id: str) -> None:
        self.ask(lambda session: JobControl(session).pause(job_id))

    @rule(job_id=ids)
    def resume(self, job_id: str) -> None:
        self.ask(lambda session: JobControl(session).resume(job_id))

    @rule(job_id=ids)
    def cancel(self, job_id: str) -> None:
        self.ask(lambda session: JobRepository(session).request_cancel(job_id))

    @rule(job_id=ids)
    def delete(self, job_id: str) -> None:
        self.ask(lambda session: JobControl(session).delete(job_id))

    @rule(target=leases, job_id=ids)
    def claim(self, job_id: str) -> Lease:
        with self.database.write() as session:
            lease = Queue(session).claim(ELSEWHERE, 1000)
        # Where nothing is to be claimed: a lease of the past, of which there may be any.
        return lease or Lease(job_id, str(ELSEWHERE), 0)

    @rule(lease=leases)
    def beat_and_obey(self, lease: Lease) -> None:
        """What the heartbeat and the run of a job do together."""

        def obey(session: Session) -> None:
            repository = JobRepository(session)
            wanted = repository.renew(lease, 1000)
            if wanted.cancel_requested:
                repository.finish(lease, "cancelled")
            elif wanted.pause_requested:
                repository.pause(lease)

        self.run(obey)

    @rule(lease=leases)
    def follow_a_pause_that_may_be_over(self, lease: Lease) -> None:
        self.run(lambda session: JobRepository(session).pause(lease))

    @rule(lease=leases)
    def record(self, lease: Lease) -> None:
        self.run(lambda session: CandidateRepository(session).record(lease, "search", [candidate()], []))

    @rule(lease=leases)
    def stop(self, lease: Lease) -> None:
        self.run(lambda session: JobRepository(session).release(lease))

    @rule(lease=leases)
    def die(self, lease: Lease) -> None:
        self.run(lambda session: JobRepository(session).renew(lease, -1))

    @rule(lease=leases, status=st.sampled_from(FINAL_STATUSES))
    def finish(self, lease: Lease, status: FinalStatus) -> None:
        self.run(lambda session: JobRepository(session).finish(lease, status))

    def ask(self, change: Callable[[Session], object]) -> None:
        """A user is answered, or refused by name."""
        try:
            with self.database.write() as session:
                change(session)
        except (Conflict, JobNotFound):
            pass

    def run(self, change: Callable[[Session], object]) -> None:
        """A runner either holds the job or hears that it does not, and then has changed nothing."""
        try:
            with self.database.write() as session:
                change(session)
        except LeaseLost:
            pass

    @invariant()
    def every_row_is_a_state(self) -> None:
        with self.database.read() as session:
            for row in session.execute(select(jobs)):
                assert row.lease_runner is None or row.status == "running"
                assert (row.finished_at is not None) == (row.status in FINAL_STATUSES)
                assert row.status == "running" or not row.pause_requested
                assert not row.cancel_requested or row.status in {"running", *FINAL_STATUSES}

    def teardown(self) -> None:
        """Check the whole history of each job that is left, and that nothing is left of the others."""
        with self.database.read() as session:
            rows = session.execute(select(jobs)).all()
            for row in rows:
                history = [
                    one.data["status"] for one in EventRepository(session).after(row.id, 0) if one.type == "status"
                ]

                assert history[0] == "queued"
                assert all(after in NEXT[before] for before, after in pairwise(history)), history
                assert history[-1] == row.status

            assert set(session.execute(select(candidates.c.job_id)).scalars()) <= {row.id for row in rows}

        with self.database.write() as session:
            session.execute(delete(jobs))


def test_no_sequence_of_actions_leads_to_an_illegal_state(database: Database) -> None:
    if database.dialect == "sqlite":
        # The machine does not lose its power here, and waiting for the disk would take a minute.
        event.listen(database._engine, "connect", lambda connection, _record: connection.execute(UNSAFE))
    Jobs.database = database
    run_state_machine_as_test(
        Jobs,
        settings=settings(
            max_examples=SEQUENCES // 2,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
