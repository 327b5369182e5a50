"""Which creations were asked for under an `Idempotency-Key`, and what came of them.

A key is taken before the work begins, in a transaction of its own, and the answer is stored in the transaction of the
work: there is no moment at which the work is done and its answer is not known. Whoever took the key and died before it
is told by the name of its process; where that cannot be known, a minute is waited for it.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from service.store.entities import now
from service.store.lease import known_dead
from service.store.models import idempotency_keys
from service.store.upsert import insert

KEPT: Final = timedelta(hours=24)
PATIENCE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to the request that created something."""

    status: int
    body: dict[str, Any]
    location: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to do the work that a key stands for, until another attempt takes it over."""

    owner: str
    key: str
    id: str


class IdempotencyRepository:
    """The keys, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, owner: str, key: str, operation: str, body_sha256: str, process: str) -> Attempt | Answer:
        """Take a key for a request, or return what the same request was answered before.

        Raises IdempotencyKeyReused where it stands for another request, and IdempotencyKeyInUse while somebody is at
        the same one.
        """
        moment = now()
        self._session.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < moment - KEPT))
        attempt = Attempt(owner, key, secrets.token_hex(16))
        taken = {"state": "running", "process": process, "attempt": attempt.id, "created_at": moment}
        added = self._session.execute(
            insert(self._session.get_bind().dialect.name, idempotency_keys)
            .values(owner=owner, key=key, operation=operation, body_sha256=body_sha256, **taken)
            .on_conflict_do_nothing(index_elements=["owner", "key"])
            .returning(idempotency_keys.c.key)
        ).first()
        if added is not None:
            return attempt
        row = self._session.execute(
            select(idempotency_keys)
            .where(idempotency_keys.c.owner == owner, idempotency_keys.c.key == key)
            .with_for_update()
        ).first()
        if row is None:
            raise IdempotencyKeyInUse("another request with this Idempotency-Key was refused at this moment")
        if (row.operation, row.body_sha256) != (operation, body_sha256):
            raise IdempotencyKeyReused("this Idempotency-Key stands for another request; make a new key")
        if row.state == "done":
            return Answer(row.status_code, row.answer, row.location)
        if not known_dead(row.process) and row.created_at > moment - PATIENCE:
            raise IdempotencyKeyInUse("the request with this Idempotency-Key is being worked on")
        self._session.execute(update(idempotency_keys).where(*_of(owner, key)).values(**taken))
        return attempt

    def finish(self, attempt: Attempt, answer: Answer) -> None:
        """Store the answer, in the transaction of the work; raises IdempotencyKeyInUse where another took it over."""
        stored = self._session.execute(
            update(idempotency_keys)
            .where(*_of(attempt.owner, attempt.key), idempotency_keys.c.attempt == attempt.id)
            .values(state="done", status_code=answer.status, answer=answer.body, location=answer.location)
            .returning(idempotency_keys.c.key)
        ).first()
        if stored is None:
            raise IdempotencyKeyInUse("another request took this Idempotency-Key over")

    def forget(self, attempt: Attempt) -> None:
        """Give the key back: the request was refused, and may be sent again in a better form."""
        self._session.execute(
            delete(idempotency_keys).where(
                *_of(attempt.owner, attempt.key),
                idempotency_keys.c.attempt == attempt.id,
                # Should the work have been stored after all, though whoever did it never heard so, its answer stays.
                idempotency_keys.c.state == "running",
            )
        )


def _of(owner: str, key: str) -> tuple[Any, Any]:
    return idempotency_keys.c.owner == owner, idempotency_keys.c.key == key
