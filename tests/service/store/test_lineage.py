from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evolution.candidate import Candidate, Evaluation, Prediction
from service.store import lineage as lineage_module
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.lineage import Lineage, ancestors, lineage
from service.store.track_record import OperatorSuccess
from tests.service.store.samples import candidate, evaluation, start


def child(number: int, operator: str, parents: tuple[int, ...], prediction: Prediction | None = None) -> Candidate:
    return replace(candidate(number, number % 60 + 1), operator=operator, parents=parents, prediction=prediction)


def store(database: Database, lease: Lease, rows: Sequence[tuple[Candidate, float | None]]) -> None:
    results: list[Evaluation] = [evaluation(one, score) for one, score in rows]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [one for one, _ in rows], results)


def read(database: Database, lease: Lease, number: int) -> Lineage:
    with database.read() as session:
        found = lineage(session, lease.job_id, number)

    assert found is not None

    return found


def test_a_family_tree_goes_back_to_where_it_began(database: Database) -> None:
    lease = start(database)
    belief = Prediction(0.7, 0.1, 0.02)
    store(
        database,
        lease,
        [
            (child(0, "anchor", ()), 0.5),
            (child(1, "anchor", ()), 0.6),
            (child(2, "random", ()), 0.4),
            (child(3, "crossover+widen", (0, 1)), 0.7),
            (child(4, "narrow", (2,)), 0.3),
            (child(5, "insert", (3,), belief), 0.8),
        ],
    )
    tree = read(database, lease, 5)

    assert [(one.number, one.generation, one.parents) for one in tree.family] == [
        (5, 0, (3,)),
        (3, 1, (0, 1)),
        (0, 2, ()),
        (1, 2, ()),
    ]
    assert (tree.family[0].prediction, tree.family[0].fitness, tree.family[0].operator) == (belief, 0.8, "insert")
    assert tree.family[0].architecture == candidate(5, 6).architecture
    assert tree.complete
    with database.read() as session:
        assert lineage(session, lease.job_id, 6) is None


def test_a_tree_that_is_too_large_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = start(database)
    store(database, lease, [(child(n, "widen", (n - 1,) if n else ()), 0.5) for n in range(9)])
    monkeypatch.setattr(lineage_module, "MOST_RELATIVES", 4)
    tree = read(database, lease, 8)

    assert [one.number for one in tree.family] == [8, 7, 6, 5]
    assert not tree.complete


def test_a_tree_can_be_asked_for_alone_and_up_to_a_size(database: Database) -> None:
    lease = start(database)
    store(database, lease, [(child(n, "widen", (n - 1,) if n else ()), 0.5) for n in range(9)])
    with database.read() as session:
        some, complete = ancestors(session, lease.job_id, 8, most=3)
        all_of_them, whole = ancestors(session, lease.job_id, 8)

    assert ([one.number for one in some], complete) == ([8, 7, 6], False)
    assert (len(all_of_them), whole) == (9, True)


def test_an_operator_is_judged_by_the_best_parent(database: Database) -> None:
    lease = start(database)
    store(
        database,
        lease,
        [
            (child(0, "anchor", ()), 0.5),
            (child(1, "anchor", ()), None),
            (child(2, "widen", (0,)), 0.75),
            (child(3, "crossover+widen", (0, 2)), 0.5),
            (child(4, "widen", (1,)), 0.9),
            (child(5, "widen+widen", (2,)), None),
            (child(6, "narrow", (2,)), 0.75),
        ],
    )

    assert read(database, lease, 0).record.operators == (
        OperatorSuccess("widen", tried=4, failed=1, compared=2, better=1, mean_change=0.0),
        OperatorSuccess("anchor", tried=2, failed=1, compared=0, better=0, mean_change=None),
        OperatorSuccess("crossover", tried=1, failed=0, compared=1, better=0, mean_change=-0.25),
        OperatorSuccess("narrow", tried=1, failed=0, compared=1, better=0, mean_change=0.0),
    )


def test_predictions_that_are_right_are_found_calibrated(database: Database) -> None:
    """True scores are drawn from the predictions, and scores from the true ones; every network is trained twice."""
    rng = np.random.default_rng(4)
    lease = start(database)
    rows = []
    for number in range(0, 1200, 2):
        mean, deviation = float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.02, 0.06))
        true = rng.normal(mean, deviation)
        believed = Prediction(mean, deviation, 0.0)
        rows.append((child(number, "widen", (), believed), float(rng.normal(true, 0.05))))
        rows.append((child(number + 1, "repeat", (number,), believed), float(rng.normal(true, 0.05))))
    store(database, lease, rows)
    calibration = read(database, lease, 0).record.calibration

    assert calibration is not None
    assert calibration.predictions == 1200
    assert calibration.noise == pytest.approx(0.05, rel=0.1)
    assert calibration.within_one == pytest.approx(0.683, abs=0.04)
    assert calibration.within_two == pytest.approx(0.954, abs=0.02)
    # The belief is of the true score; alone it covers too little of what single trainings give.
    assert calibration.believed_one < 0.55
    assert abs(calibration.mean_error) < 0.01
    assert 0.03 < calibration.mean_absolute_error < 0.07


def test_without_repeats_the_noise_is_unknown(database: Database) -> None:
    lease = start(database)
    store(database, lease, [(child(0, "widen", (), Prediction(0.5, 0.1, 0.0)), 0.55)])
    calibration = read(database, lease, 0).record.calibration

    assert calibration is not None
    assert (calibration.noise, calibration.within_one, calibration.believed_one) == (None, 1.0, 1.0)
    assert calibration.mean_error == pytest.approx(0.05)


def test_a_search_that_predicts_nothing_has_no_calibration(database: Database) -> None:
    lease = start(database)
    store(database, lease, [(child(0, "random", ()), 0.5)])

    assert read(database, lease, 0).record.calibration is None


def test_short_trainings_are_compared_with_short_ones_and_tell_nothing_of_predictions(database: Database) -> None:
    lease = start(database)
    belief = Prediction(0.9, 0.01, 0.1)

    def short(number: int, operator: str, parents: tuple[int, ...]) -> Candidate:
        return replace(child(number, operator, parents, belief), stop_after=1)

    store(
        database,
        lease,
        [
            (child(0, "anchor", ()), 0.9),
            (short(1, "random", ()), 0.5),
            (short(2, "widen", (0,)), 0.6),
            (short(3, "widen", (1,)), 0.6),
            (child(4, "promote", (3,), belief), 0.91),
            (child(5, "repeat", (3,), belief), 0.89),
        ],
    )
    found = read(database, lease, 5)
    compared = {one.operator: (one.tried, one.compared) for one in found.record.operators}

    assert (compared["widen"], compared["promote"]) == ((2, 1), (1, 0))
    assert [one.mean_change for one in found.record.operators if one.operator == "widen"] == pytest.approx([0.1])
    assert found.record.calibration is not None
    assert found.record.calibration.predictions == 2
    assert found.record.calibration.mean_error == pytest.approx(0)
    # Of one network that was promoted and then trained again.
    assert found.record.calibration.noise == pytest.approx(0.02 / 2**0.5)
