"""Webhooks and their deliveries: rows, so that what was to be told is told after any crash, at least once.

A delivery's next attempt is set before the present one begins. So nobody else takes it meanwhile, and where the process
that was to make it dies, another one makes the next.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update
from sqlalchemy.orm import Session

from service.store.bulk import insert_all
from service.store.entities import FINAL_STATUSES, Delivery, Dispatch, JobStatus, now
from service.store.mapping import plain_text
from service.store.models import deliveries, events, jobs, webhooks

PAUSES: Final = (10.0, 60.0, 300.0, 1_800.0)
"""Seconds after the first, second, third and fourth attempt that failed."""

MOST_ATTEMPTS: Final = len(PAUSES) + 1
_LAST_SECONDS: Final = 60.0
_AT_ONCE: Final = 50

# Work for `prepare`: a webhook whose job has events that it has not looked at.
_BEHIND: Final = and_(webhooks.c.open, jobs.c.event_count > webhooks.c.seen)


class WebhookRepository:
    """The webhooks of all jobs, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, job_id: str, url: str, wanted: Sequence[JobStatus], secret: str) -> None:
        """Tell `url` of the job's coming to the wanted statuses from now on."""
        self._session.execute(
            insert(webhooks).values(
                job_id=job_id, url=url, events=list(wanted), secret=secret, seen=0, open=True, created_at=now()
            )
        )

    def has_work(self) -> bool:
        """Whether there is anything to prepare or to attempt."""
        behind = select(webhooks.c.job_id).join(jobs, jobs.c.id == webhooks.c.job_id).where(_BEHIND)
        due = select(deliveries.c.job_id).where(_due())
        return any(self._session.execute(query.limit(1)).first() is not None for query in (behind, due))

    def prepare(self) -> int:
        """Make deliveries of what has happened since, and return how many."""
        rows = self._session.execute(
            select(webhooks, jobs.c.name, jobs.c.event_count)
            .join(jobs, jobs.c.id == webhooks.c.job_id)
            .where(_BEHIND)
            .limit(_AT_ONCE)
            .with_for_update(of=webhooks, skip_locked=True)
        ).all()
        return sum(self._prepare(row) for row in rows)

    def begin(self) -> Dispatch | None:
        """Take the delivery that is due, new ones first, and count the attempt; None when there is none."""
        row = self._session.execute(
            select(deliveries, webhooks.c.url, webhooks.c.secret)
            .join(webhooks, webhooks.c.job_id == deliveries.c.job_id)
            .where(_due())
            .order_by(deliveries.c.attempts, deliveries.c.next_attempt_at)
            .limit(1)
            .with_for_update(of=deliveries, skip_locked=True)
        ).first()
        if row is None:
            return None
        pause = PAUSES[row.attempts] if row.attempts < len(PAUSES) else _LAST_SECONDS
        changed = self._session.execute(
            update(deliveries)
            .where(_key(row.job_id, row.sequence))
            .values(attempts=row.attempts + 1, next_attempt_at=now() + timedelta(seconds=pause))
            .returning(deliveries)
        ).one()
        return Dispatch(_delivery(changed), row.url, row.secret)

    def give_up(self) -> None:
        """End what is due once more after its last attempt: the process that made it died."""
        self._session.execute(
            update(deliveries)
            .where(
                deliveries.c.status == "pending",
                deliveries.c.attempts >= MOST_ATTEMPTS,
                deliveries.c.next_attempt_at <= now(),
            )
            .values(
                status="failed",
                next_attempt_at=None,
                error=func.coalesce(deliveries.c.error, "the last attempt was interrupted"),
            )
        )

    def end(self, delivery: Delivery, answer: int | None, error: str | None) -> None:
        """Note what came of an attempt; without an error the delivery is done."""
        values: dict[str, Any] = {"answer": answer, "error": None if error is None else plain_text(error)}
        if error is None:
            values |= {"status": "delivered", "delivered_at": now(), "next_attempt_at": None}
        elif delivery.attempts >= MOST_ATTEMPTS:
            values |= {"status": "failed", "next_attempt_at": None}
        self._session.execute(
            update(deliveries)
            .where(
                _key(delivery.job_id, delivery.sequence),
                deliveries.c.status == "pending",
                deliveries.c.attempts == delivery.attempts,
            )
            .values(**values)
        )

    def deliveries(self, job_id: str, after: int, limit: int) -> list[Delivery]:
        """Return up to `limit` deliveries of a job's events that follow number `after`, in order."""
        rows = self._session.execute(
            select(deliveries)
            .where(deliveries.c.job_id == job_id, deliveries.c.sequence > after)
            .order_by(deliveries.c.sequence)
            .limit(limit)
        )
        return [_delivery(row) for row in rows]

    def _prepare(self, webhook: Row[Any]) -> int:
        found = self._session.execute(
            select(events)
            .where(
                events.c.job_id == webhook.job_id,
                events.c.sequence > webhook.seen,
                events.c.sequence <= webhook.event_count,
                events.c.type == "status",
            )
            .order_by(events.c.sequence)
        ).all()
        wanted = [event for event in found if event.data["status"] in webhook.events]
        added = [
            {
                "job_id": webhook.job_id,
                "sequence": event.sequence,
                "event": event.data["status"],
                "data": {
                    "job_id": webhook.job_id,
                    "name": webhook.name,
                    "status": event.data["status"],
                    "stop_reason": event.data.get("stop_reason"),
                    "error": event.data.get("error"),
                    "sequence": event.sequence,
                    "happened_at": event.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                },
                "status": "pending",
                "attempts": 0,
                "next_attempt_at": now(),
                "answer": None,
                "error": None,
                "created_at": now(),
                "delivered_at": None,
            }
            for event in wanted
        ]
        if added:
            insert_all(self._session, deliveries, added)
        ended = any(event.data["status"] in FINAL_STATUSES for event in found)
        self._session.execute(
            update(webhooks).where(webhooks.c.job_id == webhook.job_id).values(seen=webhook.event_count, open=not ended)
        )
        return len(added)


def _due() -> ColumnElement[bool]:
    """A function, because it holds the present moment."""
    return and_(
        deliveries.c.status == "pending",
        deliveries.c.attempts < MOST_ATTEMPTS,
        deliveries.c.next_attempt_at <= now(),
    )


def _key(job_id: str, sequence: int) -> ColumnElement[bool]:
    return and_(deliveries.c.job_id == job_id, deliveries.c.sequence == sequence)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        job_id=row.job_id,
        sequence=row.sequence,
        event=row.event,
        data=row.data,
        status=row.status,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        answer=row.answer,
        error=row.error,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )
