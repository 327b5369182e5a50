import math
import os
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from core.training import Epoch
from evolution.candidate import Candidate, Evaluation, Prediction, best
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Event, Lease, Phase
from service.store.event_repository import EventRepository
from service.store.models import candidates, evaluations, networks
from service.store.progress import Progress, load_progress
from tests.service.store import samples
from tests.service.store.processes import KILLED, context, join
from tests.service.store.processes import start as start_process
from tests.service.store.samples import candidate, evaluation, get, start


def record(
    database: Database,
    lease: Lease,
    proposed: list[Candidate],
    evaluated: list[Evaluation],
    phase: Phase = "search",
) -> None:
    with database.write() as session:
        CandidateRepository(session).record(lease, phase, proposed, evaluated)


def load(database: Database, job_id: str, phase: Phase = "search") -> tuple[list[Candidate], list[Evaluation]]:
    with database.read() as session:
        return CandidateRepository(session).load(job_id, phase)


def progress(database: Database, job_id: str, phase: Phase = "search") -> Progress:
    with database.read() as session:
        return load_progress(session, job_id, phase)


def events(database: Database, job_id: str) -> list[Event]:
    with database.read() as session:
        return EventRepository(session).after(job_id, 0, limit=10_000)


def bits(value: float) -> str:
    return value.hex()


def test_candidates_and_evaluations_come_back_equal(database: Database) -> None:
    lease = start(database)
    proposed = [
        candidate(0),
        candidate(1, 300, 20, keep_network=True, predict_test=True),
        candidate(2, seed=0),
        candidate(3, architecture=samples.architecture()),
        candidate(4, replicates=3, stop_after=2, prediction=Prediction(1 / 3, 5e-324, 0.1 + 0.2)),
    ]
    evaluated = [
        evaluation(proposed[0], sys.float_info.max, seconds=5e-324),
        evaluation(proposed[1], -0.0, network=bytes(range(256)), test_predictions=b"\x00\x01\xff"),
        evaluation(proposed[2], None, curve=(), epochs=0, flops=2**63 - 1),
        evaluation(proposed[4], 1 / 3, scores=(1 / 3, 0.1 + 0.2, 5e-324)),
    ]
    record(database, lease, proposed, evaluated)
    known, results = load(database, lease.job_id)

    assert (known, results) == (proposed, evaluated)
    assert [bits(result.fitness) for result in results if result.fitness is not None] == [
        bits(sys.float_info.max),
        bits(0.0),
        bits(1 / 3),
    ]
    assert [result.outcome() for result in results] == [result.outcome() for result in evaluated]
    assert load(database, lease.job_id, "final") == ([], [])


def test_floats_survive_to_the_last_bit(database: Database) -> None:
    lease = start(database)
    rng = random.Random(7)
    values = [math.ldexp(rng.random() - 0.5, rng.randint(-1000, 1000)) for _ in range(300)]
    curve = tuple(Epoch(*values[start : start + 3]) for start in range(0, 300, 3))
    proposed = [candidate(number) for number in range(100)]
    record(
        database,
        lease,
        proposed,
        [evaluation(of, value, curve=curve) for of, value in zip(proposed, values, strict=False)],
    )
    _, results = load(database, lease.job_id)

    assert [bits(result.fitness or 0.0) for result in results] == [bits(value) for value in values[:100]]
    assert [
        bits(number)
        for epoch in results[50].curve
        for number in (epoch.train_loss, epoch.validation_loss, epoch.validation_score)
    ] == [bits(value) for value in values]


def test_a_curve_that_ends_beyond_all_numbers_survives(database: Database) -> None:
    lease = start(database)
    of = candidate()
    record(database, lease, [of], [evaluation(of, None, curve=(Epoch(math.inf, -math.inf, 0.1),))])

    assert load(database, lease.job_id)[1][0].curve == (Epoch(math.inf, -math.inf, 0.1),)


def test_errors_may_hold_any_text(database: Database) -> None:
    lease = start(database)
    of = candidate()
    record(database, lease, [of], [evaluation(of, None, error="bad \0 byte \ud800 ü", worker="w\0")])
    (result,) = load(database, lease.job_id)[1]

    assert (result.error, result.worker) == ("bad \ufffd byte ? ü", "w\ufffd")


def test_the_order_is_that_of_the_numbers(database: Database) -> None:
    lease = start(database)
    proposed = [candidate(number) for number in range(10)]
    record(database, lease, proposed[::-1], [])
    record(database, lease, [], [evaluation(of) for of in (proposed[7], proposed[2], proposed[5])])
    known, results = load(database, lease.job_id)

    assert known == proposed
    assert [result.candidate.number for result in results] == [2, 5, 7]


def test_phases_and_jobs_are_apart(database: Database) -> None:
    first, second = start(database), start(database)
    record(database, first, [candidate(0, 1)], [])
    record(database, first, [candidate(0, 2)], [], "final")
    record(database, second, [candidate(0, 3)], [])

    assert load(database, first.job_id)[0] == [candidate(0, 1)]
    assert load(database, first.job_id, "final")[0] == [candidate(0, 2)]
    assert load(database, second.job_id)[0] == [candidate(0, 3)]


def test_the_first_evaluation_of_a_candidate_stays(database: Database) -> None:
    lease = start(database)
    of = candidate()
    first = evaluation(of, 0.5)
    record(database, lease, [of], [first, evaluation(of, 0.9)])
    before = samples.dump(database)
    record(database, lease, [], [evaluation(of, None), evaluation(of, 0.7, network=b"late")])

    assert samples.dump(database) == before
    assert load(database, lease.job_id)[1] == [first]
    assert [event.type for event in events(database, lease.job_id)][2:] == ["proposed", "evaluated"]


def test_a_candidate_may_be_recorded_again_but_not_replaced(database: Database) -> None:
    lease = start(database)
    record(database, lease, [candidate(0)], [])
    before = samples.dump(database)
    record(database, lease, [candidate(0)], [])
    with pytest.raises(ValueError, match="another candidate 0 is stored already"):
        record(database, lease, [candidate(0, 77)], [])
    with pytest.raises(ValueError, match="two candidates of one batch have the number 1"):
        record(database, lease, [candidate(1), candidate(1, 77)], [])

    assert samples.dump(database) == before


def test_an_evaluation_needs_its_candidate(database: Database) -> None:
    lease = start(database)
    record(database, lease, [candidate(0)], [])
    before = samples.dump(database)
    with pytest.raises(ValueError, match="no candidate 1 was stored"):
        record(database, lease, [], [evaluation(candidate(0)), evaluation(candidate(1))])
    with pytest.raises(ValueError, match="no candidate 0 was stored"):
        record(database, lease, [], [evaluation(candidate(0))], "final")

    assert samples.dump(database) == before


def test_more_operations_than_a_column_holds_are_refused_by_name(database: Database) -> None:
    lease = start(database)
    with pytest.raises(ValueError, match="candidate 0 spent 9223372036854775808 FLOPs"):
        record(database, lease, [candidate(0)], [evaluation(candidate(0), flops=2**63)])


@pytest.mark.parametrize(
    "change",
    [
        {"fitness": None},
        {"error": "x"},
        {"fitness": math.inf},
        {"fitness": math.nan},
        {"seconds": -1.0},
        {"seconds": math.inf},
        {"seconds": math.nan},
    ],
)
def test_impossible_evaluations_are_refused_by_the_database(database: Database, change: dict[str, Any]) -> None:
    lease = start(database)
    record(database, lease, [candidate()], [evaluation(candidate())])
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(update(evaluations).values(change))


def test_networks_that_come_along_are_kept(database: Database) -> None:
    lease = start(database)
    proposed = [candidate(0), candidate(1)]
    record(database, lease, proposed, [evaluation(proposed[0], network=b"npz"), evaluation(proposed[1])], "final")
    with database.read() as session:
        kept = session.execute(select(networks.c.phase, networks.c.number, networks.c.content)).all()

    assert [tuple(row) for row in kept] == [("final", 0, b"npz")]


def test_progress_is_kept_in_step(database: Database) -> None:
    assert progress(database, "nothing") == Progress("search")

    # 3 and 1 are equally good; 1 has fewer parameters. 4 is as good and as small as 1, and came later.
    proposed = [candidate(0, 5), candidate(1, 5), candidate(2, 5), candidate(3, 6), candidate(4, 5), candidate(5, 1)]
    fitness = {0: 0.1, 1: 0.9, 2: None, 3: 0.9, 4: 0.9}
    rng = random.Random(3)
    for _ in range(6):
        lease = start(database)
        order = list(fitness)
        rng.shuffle(order)
        record(database, lease, proposed, [])
        while order:
            batch, order = order[:2], order[2:]
            record(database, lease, [], [evaluation(proposed[number], fitness[number]) for number in batch])
        now = progress(database, lease.job_id)

        assert (now.proposed, now.evaluated, now.failed, now.pending) == (6, 4, 1, 1)
        assert (now.best_number, now.best_fitness) == (1, 0.9)
        assert now.epochs == 10
        assert now.flops == pytest.approx(5 * (2**53 + 1))
        assert now.seconds == pytest.approx(1.5)

        winner = best(load(database, lease.job_id)[1])

        assert winner is not None
        assert winner.candidate.number == now.best_number


def test_events_tell_what_was_recorded(database: Database) -> None:
    lease = start(database)
    of, bad = candidate(0, 5), candidate(1, 6)
    record(database, lease, [of, bad], [])
    record(database, lease, [], [evaluation(bad, None), evaluation(of, 0.25)])
    told = events(database, lease.job_id)

    assert [event.sequence for event in told] == list(range(1, 7))
    assert get(database, lease.job_id).event_count == 6
    assert [event.type for event in told] == ["status", "status", "proposed", "proposed", "failed", "evaluated"]
    assert told[2].data == {
        "phase": "search",
        "number": 0,
        "parents": [],
        "operator": "mutation: widen",
        "architecture": of.architecture.to_json(),
        "parameters": of.architecture.parameter_count,
    }
    cost: dict[str, Any] = {"epochs": 2, "flops": 2**53 + 1, "seconds": 0.1 + 0.2, "worker": "vm pid 17 ü"}
    so_far: dict[str, Any] = {"proposed": 2, "evaluated": 0, "failed": 1, "best_number": None, "best_fitness": None}

    assert told[4].data == {
        "phase": "search",
        "number": 1,
        "error": "diverged in epoch 2",
        "parameters": bad.architecture.parameter_count,
        "layers": 1,
        **cost,
        "progress": so_far,
    }
    assert told[5].data == {
        "phase": "search",
        "number": 0,
        "fitness": 0.25,
        "parameters": of.architecture.parameter_count,
        "layers": 1,
        **cost,
        "progress": {**so_far, "evaluated": 1, "best_number": 0, "best_fitness": 0.25},
    }


def test_a_large_batch_is_recorded_at_once(database: Database) -> None:
    lease = start(database)
    proposed = [candidate(number) for number in range(1200)]
    record(database, lease, proposed, [evaluation(of, of.number / 7) for of in proposed])
    known, results = load(database, lease.job_id)

    assert (len(known), len(results)) == (1200, 1200)
    assert [event.sequence for event in events(database, lease.job_id)] == list(range(1, 2403))
    assert results[700] == evaluation(proposed[700], 100.0)


def test_one_candidate_can_be_read(database: Database) -> None:
    lease = start(database)
    of = candidate(0)
    record(database, lease, [of, candidate(1)], [evaluation(of, network=b"npz")])
    with database.read() as session:
        repository = CandidateRepository(session)

        assert repository.get(lease.job_id, "search", 0) == (of, evaluation(of))
        assert repository.get(lease.job_id, "search", 1) == (candidate(1), None)
        assert repository.get(lease.job_id, "search", 2) is None


def test_events_of_several_threads_have_no_gaps(database: Database) -> None:
    lease = start(database)
    errors: list[Exception] = []
    numbers = count()

    def work() -> None:
        try:
            for _ in range(10):
                of = candidate(next(numbers))
                record(database, lease, [of], [evaluation(of)])
        except Exception as error:  # noqa: BLE001 - any is a failure of the test
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert [event.sequence for event in events(database, lease.job_id)] == list(range(1, 83))
    assert progress(database, lease.job_id).evaluated == 40


def record_until_killed(url: str, lease: Lease, first: int, acknowledged: Connection) -> None:
    database = Database(url)
    for number in count(first):
        of = candidate(number)
        record(database, lease, [of], [evaluation(of, number / 7)])
        os.write(acknowledged.fileno(), f"{number}\n".encode())


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(database: Database, database_url: str) -> None:
    lease = start(database)
    rng = random.Random(11)
    first = 0
    for _ in range(15):
        reader, writer = context.Pipe(duplex=False)
        process = start_process(record_until_killed, database_url, lease, first, writer)
        writer.close()
        with os.fdopen(os.dup(reader.fileno()), "rb") as lines:
            reader.close()
            seen = [int(lines.readline())]
            time.sleep(rng.uniform(0, 0.1))
            if process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
            seen += [int(line) for line in lines if line.endswith(b"\n")]

        assert join(process) == [KILLED]

        known, results = load(database, lease.job_id)
        stored = [result.candidate.number for result in results]

        # At most the one that was committed but not yet told may be there besides.
        assert stored in (list(range(seen[-1] + 1)), list(range(seen[-1] + 2)))
        assert results == [evaluation(of, of.number / 7) for of in known]

        first = len(stored)

    sequences = [event.sequence for event in events(database, lease.job_id)]

    assert sequences == list(range(1, 2 * first + 3))
    assert progress(database, lease.job_id).evaluated == first

    with database.read() as session:
        if database.dialect == "sqlite":
            assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        rows = session.execute(select(func.count()).select_from(evaluations)).scalar_one()
        distinct = session.execute(
            select(func.count()).select_from(
                select(candidates.c.job_id, candidates.c.phase, candidates.c.number).distinct().subquery()
            )
        ).scalar_one()

    assert rows == distinct == first


def test_a_lease_is_a_value() -> None:
    lease = Lease("job", "runner", 1)

    assert replace(lease, number=2) != lease
