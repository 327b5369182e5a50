import pytest

from service.store import track_record as module
from service.store.database import Database
from service.store.track_record import TrackRecord, track_record
from tests.service.charts.samples import begin, many, record


def read(database: Database, job_id: str) -> TrackRecord:
    with database.read() as session:
        return track_record(session, job_id, "search")


def test_a_phase_without_candidates_has_no_record(database: Database) -> None:
    lease = begin(database)

    assert read(database, lease.job_id) == TrackRecord((), None, 0, 0)


def test_of_few_candidates_all_are_read(database: Database) -> None:
    lease = begin(database)
    record(database, lease, many(60))
    found = read(database, lease.job_id)

    assert (found.read, found.total, found.sampled) == (60, 60, None)


def test_of_many_a_sample_is_read_and_all_are_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = begin(database)
    record(database, lease, many(120))
    exact = read(database, lease.job_id)
    monkeypatch.setattr(module, "MOST_READ", 40)
    monkeypatch.setattr(module, "_CHUNK", 7)
    sampled = read(database, lease.job_id)

    assert (sampled.sampled, sampled.total) == (40, 120)
    assert [(one.operator, one.tried, one.failed) for one in sampled.operators] == [
        (one.operator, one.tried, one.failed) for one in exact.operators
    ]
    widen, all_widen = (next(one for one in found.operators if one.operator == "widen") for found in (sampled, exact))
    # Each child of the sample is compared, although most parents lie outside of it.
    assert 0 < widen.compared < all_widen.compared
    assert widen.compared > 20
    assert sampled.calibration is not None
    assert exact.calibration is not None
    assert 0 < sampled.calibration.predictions < exact.calibration.predictions
    assert sampled.calibration.noise is not None


def test_a_sample_of_all_is_exact(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a step of one, what the sample tells must be what reading everything tells."""
    lease = begin(database)
    record(database, lease, many(61))
    exact = read(database, lease.job_id)
    monkeypatch.setattr(module, "MOST_READ", 60)
    monkeypatch.setattr(module, "_even", lambda total: list(range(total)))
    sampled = read(database, lease.job_id)

    assert sampled.operators == exact.operators
    assert sampled.calibration == exact.calibration
