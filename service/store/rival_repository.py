"""What other methods than networks answered on the test rows of a job."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.entities import Lease, now
from service.store.event_repository import EventRepository
from service.store.guard import lock
from service.store.mapping import plain_text
from service.store.models import rivals
from service.store.upsert import insert


@dataclass(frozen=True, slots=True)
class RivalFit:
    """One fit of a method: CPU seconds, score on the validation rows, one little-endian uint16 class per test row.

    For regression there is a little-endian float64 per test row, in the target's units.
    `seed_index` counts the verdict's seeds from 0. Score and predictions are both None where the fit failed.
    """

    name: str
    seed_index: int
    seconds: float
    validation_score: float | None
    predictions: bytes | None


class RivalRepository:
    """The fits of jobs, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, lease: Lease, fits: Sequence[RivalFit]) -> None:
        """Store fits, each with its event; those that are stored already stay as they are. Raises LeaseLost."""
        lock(self._session, lease)
        happened = []
        for fit in fits:
            added = self._session.execute(
                insert(self._session.get_bind().dialect.name, rivals)
                .values(
                    job_id=lease.job_id,
                    name=fit.name,
                    seed_index=fit.seed_index,
                    seconds=fit.seconds,
                    validation_score=fit.validation_score,
                    predictions=fit.predictions,
                    created_at=now(),
                )
                .on_conflict_do_nothing(index_elements=["job_id", "name", "seed_index"])
                .returning(rivals.c.name)
            ).first()
            if added is not None:
                told = {"name": fit.name, "seed_index": fit.seed_index, "seconds": fit.seconds}
                happened.append(("rival", {**told, "validation_score": fit.validation_score}))
        EventRepository(self._session).append_all(lease.job_id, happened)

    def load(self, job_id: str) -> list[RivalFit]:
        """Return the fits of a job by name and seed."""
        rows = self._session.execute(
            select(rivals).where(rivals.c.job_id == plain_text(job_id)).order_by(rivals.c.name, rivals.c.seed_index)
        )
        return [RivalFit(row.name, row.seed_index, row.seconds, row.validation_score, row.predictions) for row in rows]
