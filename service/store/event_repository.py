"""What happened to a job, in the order in which it happened.

The store itself appends the events below, in the transaction of the change that they tell of, so that none can be
forgotten. Runners may append others of their own.

| type             | data                                                                                           |
|------------------|------------------------------------------------------------------------------------------------|
| status           | status; when it ended: stop_reason, error; when a runner took it: runner, lease                |
| phase            | phase                                                                                          |
| cancel_requested | -                                                                                              |
| pause_requested  | -                                                                                              |
| resume_requested | - (a pause was taken back before a runner began it)                                            |
| budget           | evaluations, epochs, max_seconds: the job's budget from now on                                 |
| proposed         | phase, number, parents, operator, architecture, parameters                                     |
| evaluated        | phase, number, fitness, epochs, flops, seconds, worker, then the phase so far: progress        |
| failed           | phase, number, error, epochs, flops, seconds, worker, then the phase so far: progress          |
| rival            | name, seed_index, seconds, validation_score: another method was fitted                         |
| proof            | format, sha256, compared_rows, largest_difference, seconds, error: a download was tried        |

`progress` holds proposed, evaluated, failed, best_number and best_fitness as they were after the event.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from service.errors import JobNotFound
from service.store.bulk import insert_all
from service.store.entities import Event, JobStatus, now
from service.store.mapping import event_from_row, plain_text
from service.store.models import events, jobs

# The count and the numbers change together under the lock of the job's row, so there are no gaps.
_COUNT: Final = (
    update(jobs)
    .where(jobs.c.id == bindparam("which"))
    .values(event_count=jobs.c.event_count + bindparam("more"))
    .returning(jobs.c.event_count)
)


class EventRepository:
    """The events of jobs, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, job_id: str, type: str, data: dict[str, Any]) -> Event:  # noqa: A002 - the event's own word
        """Add one event. Raises JobNotFound."""
        return self.append_all(job_id, [(type, data)])[0]

    def append_all(self, job_id: str, happened: Sequence[tuple[str, dict[str, Any]]]) -> list[Event]:
        """Add events, each a type and its data, in their order. Raises JobNotFound."""
        if not happened:
            return []
        last = self._session.execute(_COUNT, {"which": plain_text(job_id), "more": len(happened)}).scalar_one_or_none()
        if last is None:
            raise JobNotFound(f"There is no job {job_id[:40]!r}.")
        created_at = now()
        first = last - len(happened) + 1
        added = [
            Event(job_id, sequence, type_, data, created_at)
            for sequence, (type_, data) in enumerate(happened, start=first)
        ]
        insert_all(
            self._session,
            events,
            [
                {
                    "job_id": event.job_id,
                    "sequence": event.sequence,
                    "type": event.type,
                    "data": event.data,
                    "created_at": event.created_at,
                }
                for event in added
            ],
        )
        return added

    def counts(self, job_ids: Sequence[str]) -> dict[str, tuple[int, JobStatus]]:
        """Return for each of the jobs that exist the number of its last event, and its status."""
        rows = self._session.execute(select(jobs.c.id, jobs.c.event_count, jobs.c.status).where(jobs.c.id.in_(job_ids)))
        return {row.id: (row.event_count, row.status) for row in rows}

    def after(self, job_id: str, sequence: int, limit: int = 1000) -> list[Event]:
        """Return up to `limit` events of a job that follow number `sequence` (0: from the first), in order."""
        rows = self._session.execute(
            select(events)
            .where(events.c.job_id == plain_text(job_id), events.c.sequence > sequence)
            .order_by(events.c.sequence)
            .limit(limit)
        )
        return [event_from_row(row) for row in rows]
