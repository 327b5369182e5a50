"""The audit log: rows are added and, when they are old, removed; never changed."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from service.access.audit import AuditEntry, Change
from service.store.entities import now
from service.store.models import audit


class AuditRepository:
    """The audit log, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, change: Change) -> None:
        """Note a change; its texts must be ones that PostgreSQL can store."""
        self._session.execute(
            insert(audit).values(
                created_at=now(),
                owner=change.owner,
                token_id=change.token_id,
                action=change.action,
                object_kind=change.object_kind,
                object_id=change.object_id,
                status=change.status,
                request_id=change.request_id,
                client=change.client,
            )
        )

    def page(self, page_size: int, before: int | None = None) -> list[AuditEntry]:
        """Return up to `page_size` entries, newest first; those that are older than the one with the id `before`."""
        query = select(audit).order_by(audit.c.id.desc()).limit(page_size)
        if before is not None:
            query = query.where(audit.c.id < before)
        return [
            AuditEntry(
                id=row.id,
                created_at=row.created_at,
                change=Change(
                    action=row.action,
                    object_kind=row.object_kind,
                    object_id=row.object_id,
                    status=row.status,
                    request_id=row.request_id,
                    client=row.client,
                    owner=row.owner,
                    token_id=row.token_id,
                ),
            )
            for row in self._session.execute(query)
        ]

    def prune(self, before: datetime) -> None:
        """Remove what is older than `before`."""
        self._session.execute(delete(audit).where(audit.c.created_at < before))
