import numpy as np
import pytest

from core.training import Epoch, TrainingConfig
from evolution.candidate import Evaluation
from evolution.observed import MOST_POINTS
from evolution.recommendation import pareto_standings, standings
from evolution.space import SearchSpace
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.scores import epochs_spent, evaluated_prefix, scores
from tests.service.store.samples import candidate, evaluation, start

SPACE = SearchSpace((16, 16), 10, max_units=700)


def record(database: Database, lease: Lease, count: int) -> list[Evaluation]:
    """More networks than a surrogate is fitted to; some are trained again, some fail, some have replicates."""
    rng = np.random.default_rng(7)
    rows = []
    for number in range(count):
        units = 8 + number if number % 5 else 8 + number // 10
        replicates = 2 if number % 7 == 0 else 1
        pair = (float(rng.random()), float(rng.random()))
        one = candidate(number, units, parents=(), replicates=replicates)
        if number % 11 == 0:
            rows.append(evaluation(one, None))
        elif replicates == 2:
            rows.append(evaluation(one, sum(pair) / 2, scores=pair))
        else:
            rows.append(evaluation(one, pair[0]))
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [row.candidate for row in rows], rows)
    return rows


@pytest.mark.slow
def test_what_is_loaded_recommends_what_all_evaluations_do(database: Database) -> None:
    lease = start(database)
    rows = record(database, lease, 600)
    with database.read() as session:
        loaded, first = scores(session, lease.job_id), scores(session, lease.job_id, 300)

    assert len({row.candidate.architecture for row in loaded}) == MOST_POINTS
    assert standings(loaded, SPACE) == standings(rows, SPACE)
    assert pareto_standings(loaded, SPACE, "parameters") == pareto_standings(rows, SPACE, "parameters")
    assert standings(first, SPACE) == standings(rows[:300], SPACE)


def test_short_trainings_on_the_ladder_are_worth_what_they_tell(database: Database) -> None:
    """Full trainings that lose half of what they had at the rung: a short one's high score promises little."""
    lease = start(database)
    training = TrainingConfig(epochs=3)
    rows = []
    for number in range(60):
        at_rung = 0.4 + number % 10 / 20
        one = candidate(number, 8 + number, parents=(), training=training, stop_after=1 if number > 9 else None)
        curve = (Epoch(1.0, 1.0, at_rung), *(Epoch(1.0, 1.0, at_rung / 2),) * 2)
        if one.stop_after is None:
            rows.append(evaluation(one, at_rung / 2, curve=curve))
        else:
            rows.append(evaluation(one, at_rung, curve=curve[:1]))
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [row.candidate for row in rows], rows)
    with database.read() as session:
        loaded, first = scores(session, lease.job_id), scores(session, lease.job_id, 30)

    assert standings(loaded, SPACE) == standings(rows, SPACE)
    assert max(one.mean for one in standings(loaded, SPACE)) < 0.5
    assert {one.number for one in standings(loaded, SPACE)} == set(range(10))
    assert standings(first, SPACE) == standings(rows[:30], SPACE)


def test_the_prefix_ends_before_the_first_candidate_that_is_pending(database: Database) -> None:
    lease = start(database)
    with database.read() as session:
        assert evaluated_prefix(session, lease.job_id) == 0
        assert scores(session, lease.job_id) == []
    record(database, lease, 3)
    pending, late = candidate(3), candidate(4)
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [pending, late], [evaluation(late)])
        CandidateRepository(session).record(lease, "baseline", [candidate(0)], [])
    with database.read() as session:
        assert evaluated_prefix(session, lease.job_id) == 3
        assert epochs_spent(session, lease.job_id, 3) == 6

    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [], [evaluation(pending)])
    with database.read() as session:
        assert evaluated_prefix(session, lease.job_id) == 5
