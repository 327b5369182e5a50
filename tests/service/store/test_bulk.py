import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, StatementError

from service.store.bulk import insert_all
from service.store.database import Database
from service.store.models import candidates, datasets, evaluations, events
from tests.service.store.samples import create, dump

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)


def row(job_id: str, number: int, **changes: Any) -> dict[str, Any]:
    plain = {
        "job_id": job_id,
        "phase": "search",
        "number": number,
        "parents": [],
        "operator": "draw",
        "seed": 2**63 - 1,
        "architecture": {"format": 1, "note": 'a "quoted" \\ ü \u2028 text', "float": 5e-324, "none": None},
        "training": {},
        "keep_network": True,
        "predict_test": False,
        "replicates": 1,
        "parameters": 1,
        "layers": 1,
        "status": "pending",
        "created_at": NOW,
    }
    return {**plain, **changes}


def test_every_type_comes_back_equal(database: Database) -> None:
    job = create(database)
    with database.write() as session:
        insert_all(session, candidates, [row(job.id, 0), row(job.id, 1, operator="tab\t, newline\n, 'quote'")])
        key = session.execute(select(candidates.c.id).where(candidates.c.number == 1)).scalar_one()
        values: dict[str, Any] = {
            "candidate_id": key,
            "fitness": sys.float_info.max,
            "error": None,
            "curve": {"format": 1, "epochs": [[0.1 + 0.2, -0.0, 1 / 3]]},
            "epochs": 3,
            "flops": 2**63 - 1,
            "seconds": 5e-324,
            "worker": "",
            "test_predictions": bytes(range(256)),
            "created_at": NOW.astimezone(timezone(timedelta(hours=5, minutes=30))),
        }
        insert_all(session, evaluations, [values])
    with database.read() as session:
        stored = session.execute(select(evaluations)).one()
        first, second = session.execute(select(candidates).order_by(candidates.c.id)).all()

    assert stored._asdict() == {**values, "scores": None}
    assert str(stored.curve["epochs"]) == "[[0.30000000000000004, -0.0, 0.3333333333333333]]"
    absent = dict.fromkeys(("fitness", "negative_fitness", "stop_after", "prediction"))

    assert first._asdict() == {"id": first.id, **absent, **row(job.id, 0)}
    assert (second.number, second.operator) == (1, "tab\t, newline\n, 'quote'")


def test_rows_keep_their_order(database: Database) -> None:
    job = create(database)
    numbers = [5, 3, 11, 0, 7]
    with database.write() as session:
        insert_all(session, candidates, [row(job.id, number) for number in numbers])
    with database.read() as session:
        stored = session.execute(select(candidates.c.number).order_by(candidates.c.id)).scalars().all()

    assert stored == numbers


@pytest.mark.parametrize("bad", [{"number": 0}, {"phase": "elsewhere"}, {"job_id": "nobody"}, {"operator": None}])
def test_one_refused_row_leaves_none(database: Database, bad: dict[str, Any]) -> None:
    job = create(database)
    before = dump(database)
    with pytest.raises(IntegrityError), database.write() as session:
        insert_all(session, candidates, [row(job.id, 0), {**row(job.id, 1), **bad}, row(job.id, 2)])

    assert dump(database) == before


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    job = create(database)
    # SQLAlchemy wraps what its own types refuse.
    with pytest.raises((ValueError, StatementError), match="needs a time zone"), database.write() as session:
        insert_all(session, candidates, [row(job.id, 0, created_at=NOW.replace(tzinfo=None))])


def test_what_no_column_holds_is_refused(database: Database) -> None:
    with pytest.raises((TypeError, StatementError)), database.write() as session:
        insert_all(session, datasets, [{"name": object()}])


def test_a_batch_is_one_message_to_postgresql(postgres_url: str) -> None:
    database = Database(postgres_url)
    job = create(database)
    rows = [
        {"job_id": job.id, "sequence": number, "type": "test", "data": {"number": number}, "created_at": NOW}
        for number in range(10, 60)
    ]
    sent: list[bool] = []
    with database.write() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *about: sent.append(about[-1]))
        insert_all(session, events, rows)
    with database.read() as session:
        stored = session.execute(select(events).where(events.c.sequence >= 10).order_by(events.c.sequence)).all()
    database.close()

    # The last argument says whether the driver was given several sets of parameters.
    assert sent == [False]
    assert [each._asdict() for each in stored] == rows
