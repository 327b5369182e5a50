import pytest
from sqlalchemy.exc import IntegrityError

from service.errors import LeaseLost
from service.store.database import Database
from service.store.entities import Lease
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository
from service.store.rival_repository import RivalFit, RivalRepository
from tests.service.store import samples

FITS = [
    RivalFit("mlp", 0, 0.1 + 0.2, 1 / 3, bytes(range(256))),
    RivalFit("mlp", 1, 0.5, None, None),
    RivalFit("svc", 0, 0.0, 1.0, b"\x01\x00"),
]


def load(database: Database, job_id: str) -> list[RivalFit]:
    with database.read() as session:
        return RivalRepository(session).load(job_id)


def record(database: Database, lease: Lease, *fits: RivalFit) -> None:
    with database.write() as session:
        RivalRepository(session).record(lease, fits)


def test_fits_come_back_equal(database: Database) -> None:
    lease = samples.start(database)
    record(database, lease, *FITS[::-1])

    assert load(database, lease.job_id) == FITS
    assert load(database, "another") == []


def test_what_is_stored_stays_and_is_told_once(database: Database) -> None:
    lease = samples.start(database)
    record(database, lease, FITS[0])
    record(database, lease, RivalFit("mlp", 0, 9.0, 0.5, b""), FITS[1])

    assert load(database, lease.job_id) == FITS[:2]
    with database.read() as session:
        told = [event.data for event in EventRepository(session).after(lease.job_id, 0) if event.type == "rival"]
    assert told == [
        {"name": "mlp", "seed_index": 0, "seconds": 0.1 + 0.2, "validation_score": 1 / 3},
        {"name": "mlp", "seed_index": 1, "seconds": 0.5, "validation_score": None},
    ]


def test_whoever_lost_the_lease_writes_nothing(database: Database) -> None:
    lease = samples.start(database, seconds=-1)
    other = samples.claim(database)
    before = samples.dump(database)

    assert other is not None
    with pytest.raises(LeaseLost):
        record(database, lease, FITS[0])
    assert samples.dump(database) == before


@pytest.mark.parametrize(
    "broken",
    [
        RivalFit("mlp", 0, 0.5, 0.5, None),
        RivalFit("mlp", 0, 0.5, None, b""),
        RivalFit("mlp", 0, 0.5, float("inf"), b""),
        RivalFit("mlp", 0, -1.0, 0.5, b""),
        RivalFit("mlp", 0, float("inf"), 0.5, b""),
    ],
)
def test_what_cannot_be_true_is_not_stored(database: Database, broken: RivalFit) -> None:
    lease = samples.start(database)

    with pytest.raises(IntegrityError):
        record(database, lease, broken)
    assert load(database, lease.job_id) == []


def test_a_fit_is_a_step_forward(database: Database) -> None:
    lease = samples.start(database)
    record(database, lease, FITS[0])

    with database.read() as session:
        assert JobRepository(session).fruitless_claims(lease.job_id) == 0
