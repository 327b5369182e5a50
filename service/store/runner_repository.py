"""The runners: each says every few seconds that it is there, with a job or without, and what keeps it from working."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.store.entities import now
from service.store.lease import RunnerIdentity, known_dead
from service.store.mapping import plain_text
from service.store.models import runners
from service.store.queue import lease_clock
from service.store.upsert import insert

SILENT_SECONDS: Final = 20.0
"""A runner that has said nothing for so long is taken for dead, or for one that cannot reach the database."""

_FORGET_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """A runner that is alive; `workers` is None until it has trained something, `trouble` a sentence or None."""

    id: str
    workers: int | None
    trouble: str | None
    started_at: datetime


class RunnerRepository:
    """The runners, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def report(self, runner: RunnerIdentity, workers: int | None, trouble: str | None) -> None:
        """Note that the runner is alive, and forget those that have been silent for an hour."""
        time, boot = lease_clock(self._session)
        state = {
            "seen": time,
            "boot": boot,
            "workers": workers,
            "trouble": None if trouble is None else plain_text(trouble),
        }
        statement = insert(self._session.get_bind().dialect.name, runners).values(
            id=str(runner), started_at=now(), **state
        )
        self._session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=state))
        self._session.execute(
            delete(runners).where((runners.c.seen < time - _FORGET_SECONDS) | runners.c.boot.is_distinct_from(boot))
        )

    def leave(self, runner: RunnerIdentity) -> None:
        """Forget a runner that ends."""
        self._session.execute(delete(runners).where(runners.c.id == str(runner)))

    def alive(self) -> list[RunnerRow]:
        """Return the runners that have reported lately and are not known to be gone, the oldest first."""
        time, boot = lease_clock(self._session)
        rows = self._session.execute(
            select(runners)
            .where(runners.c.seen >= time - SILENT_SECONDS, runners.c.boot.is_not_distinct_from(boot))
            .order_by(runners.c.started_at, runners.c.id)
        )
        return [RunnerRow(row.id, row.workers, row.trouble, row.started_at) for row in rows if not known_dead(row.id)]
