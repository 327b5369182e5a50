from itertools import pairwise

import pytest

from evolution.objectives import front
from service.store import chart_rows
from service.store.candidate_repository import CandidateRepository
from service.store.chart_rows import ChartRows, Sample
from service.store.database import Database
from service.store.entities import Lease
from tests.service.charts.samples import begin, child, many, propose, record
from tests.service.store.many_candidates import job_with


def read(database: Database, lease: Lease, total: int) -> Sample:
    with database.read() as session:
        return ChartRows(session, lease.job_id, "search", total).sample


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_rows, "MOST_SPREAD", 10)
    monkeypatch.setattr(chart_rows, "MOST_BEST", 4)
    monkeypatch.setattr(chart_rows, "_CHUNK", 3)


def test_few_candidates_are_all_shown(database: Database) -> None:
    lease = begin(database)
    evaluations = many(30)
    record(database, lease, evaluations)
    propose(database, lease, [child(30)])
    sample = read(database, lease, 31)

    assert sample.exact
    assert [row.number for row in sample.rows] == list(range(31))
    assert sample.unbiased == sample.rows
    for row, one in zip(sample.rows, evaluations, strict=False):
        of = one.candidate
        assert (row.parents, row.operator, row.architecture, row.parameters, row.prediction) == (
            of.parents,
            of.operator,
            of.architecture,
            of.architecture.parameter_count,
            of.prediction,
        )
        assert (row.fitness, row.error, row.epochs, row.seconds, row.worker) == (
            one.fitness,
            one.error,
            one.epochs,
            one.seconds,
            one.worker,
        )
        assert (row.layers, row.neurons) == (len(of.architecture.widths), sum(of.architecture.widths))
    assert (sample.rows[30].status, sample.rows[30].seconds, sample.rows[30].evaluated_at) == ("pending", None, None)


@pytest.mark.usefixtures("small")
def test_of_many_there_are_evenly_spaced_ones_and_the_best(database: Database) -> None:
    lease = begin(database)
    evaluations = many(100)
    record(database, lease, evaluations)
    sample = read(database, lease, 100)
    ranked = sorted(
        (one for one in evaluations if one.fitness is not None),
        key=lambda one: (-(one.fitness or 0), one.candidate.architecture.parameter_count, one.candidate.number),
    )

    assert sample.even == {0, 11, 22, 33, 44, 55, 66, 77, 88, 99}
    assert not sample.exact
    assert {row.number for row in sample.rows} == sample.even | {one.candidate.number for one in ranked[:4]}
    assert [row.number for row in sample.unbiased] == sorted(sample.even)
    assert all(one.number < other.number for one, other in pairwise(sample.rows))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("count", [14, 15])
def test_where_the_sample_begins(database: Database, count: int) -> None:
    lease = begin(database)
    record(database, lease, many(count))

    assert read(database, lease, count).exact == (count == 14)


def test_the_front_of_all_candidates_is_the_front_of_their_scores(database: Database) -> None:
    lease = begin(database)
    evaluations = [one for one in many(200, seed=3) if one.fitness is not None]
    record(database, lease, many(200, seed=3))
    numbers = [one.candidate.number for one in evaluations]
    sizes = [one.candidate.architecture.parameter_count for one in evaluations]
    expected = [numbers[place] for place in front([one.fitness or 0.0 for one in evaluations], sizes).tolist()]
    with database.read() as session:
        found = ChartRows(session, lease.job_id, "search", 200).front()

    assert len(expected) >= 3
    assert list(found) == expected


def test_of_equals_the_first_is_on_the_front(database: Database) -> None:
    job_id = job_with(database, 500)
    with database.read() as session:
        rows = ChartRows(session, job_id, "search", 500)
        scored = [row for row in rows.sample.rows if row.fitness is not None]
        places = front([row.fitness or 0.0 for row in scored], [row.parameters for row in scored]).tolist()

        assert list(rows.front()) == [scored[place].number for place in places]


def test_the_latest_are_those_with_an_evaluation(database: Database) -> None:
    lease = begin(database)
    record(database, lease, many(30))
    propose(database, lease, [child(30), child(31)])
    with database.read() as session:
        found = ChartRows(session, lease.job_id, "search", 32).latest(12)

    assert [row.number for row in found] == list(range(18, 30))
    assert "failed" in {row.status for row in found}


def test_curves_and_operators_are_found_by_number_and_name(database: Database) -> None:
    lease = begin(database)
    evaluations = many(30)
    record(database, lease, evaluations)
    with database.read() as session:
        rows = ChartRows(session, lease.job_id, "search", 30)

        assert rows.curves({3, 8}) == {3: evaluations[3].curve, 8: evaluations[8].curve}
        assert [row.number for row in rows.with_operators(["repeat", "promote"], 3)] == [7, 14, 21]
        assert [row.number for row in rows.with_operators(["repeat"], 100)] == [7, 14, 21, 28]


def test_phases_are_apart(database: Database) -> None:
    lease = begin(database)
    record(database, lease, many(10))
    with database.write() as session:
        other = child(0, 9)
        CandidateRepository(session).record(lease, "baseline", [other], [])
    with database.read() as session:
        rows = ChartRows(session, lease.job_id, "baseline", 1)

        assert [row.architecture for row in rows.sample.rows] == [other.architecture]
        assert rows.front() == ()
