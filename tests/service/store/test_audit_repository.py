from dataclasses import replace
from datetime import timedelta

from service.access.audit import Change
from service.store.audit_repository import AuditRepository
from service.store.database import Database
from service.store.entities import now

CANCELLED = Change("cancel_job", "job", "3f9c2a7be1d04c58", 200, "abc", "127.0.0.1", "ada", "7")
REFUSED = Change("submit_job", "job", None, 401, "def", "192.0.2.7", None, None)


def test_entries_come_back_equal_newest_first_and_go_on(database: Database) -> None:
    changes = [CANCELLED, REFUSED, replace(CANCELLED, object_id="ü" * 80)]
    for change in changes:
        with database.write() as session:
            AuditRepository(session).append(change)
    with database.read() as session:
        audit = AuditRepository(session)
        first = audit.page(2)
        rest = audit.page(2, before=first[-1].id)

    assert [entry.change for entry in [*first, *rest]] == changes[::-1]


def test_old_entries_are_removed(database: Database) -> None:
    with database.write() as session:
        audit = AuditRepository(session)
        audit.append(CANCELLED)
        audit.prune(now() - timedelta(days=1))

        assert len(audit.page(9)) == 1

        audit.prune(now() + timedelta(seconds=1))

        assert audit.page(9) == []
