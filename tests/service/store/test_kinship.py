import pytest

from core.training import Epoch
from service.store import kinship
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.kinship import children_of, curves_of, kin, median_curve
from tests.service.store.samples import candidate, evaluation, start

PARENTS = {0: (), 1: (0,), 2: (0, 1), 3: (1,), 4: (0, 2), 5: (0,), 6: (4,)}
SCORES = {0: 0.5, 1: 0.6, 2: 0.4, 3: 0.7, 4: 0.9, 5: None}


@pytest.fixture
def job_id(database: Database) -> str:
    """Seven candidates: 5 failed, 6 waits."""
    lease = start(database)
    found = [candidate(number, parents=parents) for number, parents in PARENTS.items()]
    curves = {number: tuple(Epoch(1.0, 1.0, number / 10 + epoch / 100) for epoch in range(number)) for number in SCORES}
    results = [evaluation(found[number], score, curve=curves[number]) for number, score in SCORES.items()]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", found, results)
        # Another phase counts its own.
        CandidateRepository(session).record(lease, "final", [candidate(0), candidate(1, parents=(0,))], [])
    return lease.job_id


def test_kin_come_by_number(database: Database, job_id: str) -> None:
    with database.read() as session:
        found = kin(session, job_id, "search", (3, 0, 99))

        assert [(one.number, one.fitness, one.status) for one in found] == [
            (0, 0.5, "evaluated"),
            (3, 0.7, "evaluated"),
        ]
        assert kin(session, job_id, "search", ()) == ()


def test_the_best_children_come_first_and_those_without_a_score_last(database: Database, job_id: str) -> None:
    with database.read() as session:
        found = children_of(session, job_id, "search", 0, 10)
        few = children_of(session, job_id, "search", 0, 2)

    assert [one.number for one in found.shown] == [4, 1, 2, 5]
    assert (found.found, found.searched_to) == (4, None)
    assert [one.number for one in few.shown] == [4, 1]
    assert few.found == 4


def test_where_the_look_for_children_ends_is_told(
    database: Database, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinship, "SEARCHED", 3)

    with database.read() as session:
        found = children_of(session, job_id, "search", 0, 10)
        last = children_of(session, job_id, "search", 3, 10)

    assert ([one.number for one in found.shown], found.searched_to) == ([1, 2], 3)
    # Exactly as many are left as are looked at.
    assert ([one.number for one in last.shown], last.searched_to) == ([], None)


def test_only_curves_that_are_there_are_returned(database: Database, job_id: str) -> None:
    with database.read() as session:
        found = curves_of(session, job_id, "search", {0, 2, 6, 99})

    assert {number: len(curve) for number, curve in found.items()} == {2: 2}


def test_the_median_goes_on_while_half_of_the_candidates_do(database: Database, job_id: str) -> None:
    with database.read() as session:
        scores, count = median_curve(session, job_id, "search", 7)
        nothing = median_curve(session, job_id, "baseline", 0)

    # Curves of 1, 2, 3, 4 and 5 epochs, from 0.1, 0.2 ... on, a hundredth more each epoch.
    assert count == 5
    assert scores == pytest.approx((0.3, 0.36, 0.42))
    assert nothing == ((), 0)
