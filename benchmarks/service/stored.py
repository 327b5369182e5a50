"""A database with as many candidates as are asked for, in one job.

The first thousand are stored as a runner stores them. The others are copies of these made by SQL, with numbers of their
own and slightly other scores: written one by one, a million would take a quarter of an hour.
"""

from typing import Any, Final

import numpy as np
from sqlalchemy import Table, func, insert, literal, select, text, update
from sqlalchemy.orm import Session

from core.architecture import Architecture
from core.training import Epoch, TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.space import SearchSpace
from service.job_spec import JobSpec
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.models import candidates, evaluations, events, jobs, progress
from service.store.queue import Queue

FIRST: Final = 1000
OTHER_JOBS: Final = 200
SPEC: Final = {"dataset": "digits-8x8", "budget": {"evaluations": 100_000}}


def fill(database: Database, count: int) -> str:
    """Store a job with at least `count` evaluated candidates, and others beside it; return its id."""
    for number in range(OTHER_JOBS):
        _failed_job(database, f"other {number}")
    lease = claimed_job(database, "large")
    first = first_candidates()
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", first, [evaluation_of(one) for one in first])
    stored = FIRST
    while stored < count:
        with database.write() as session:
            _double(session, lease.job_id, stored)
        stored *= 2
    with database.write() as session:
        _count(session, lease.job_id)
        JobRepository(session).finish(lease, "failed", error="made for a measurement")
    with database.write() as session:
        # As PostgreSQL does by itself after a while.
        session.execute(text("ANALYZE"))
    return lease.job_id


def _failed_job(database: Database, name: str) -> None:
    lease = claimed_job(database, name)
    with database.write() as session:
        JobRepository(session).finish(lease, "failed", error="made for a measurement")


def claimed_job(database: Database, name: str) -> Lease:
    """Submit a job and claim it, as a runner does."""
    spec = JobSpec.model_validate({**SPEC, "name": name})
    with database.write() as session:
        JobRepository(session).create(name, spec.dataset, spec.model_dump(mode="json"), spec.seed)
    with database.write() as session:
        lease = Queue(session).claim(RunnerIdentity.of_this_process(), 3600)
    if lease is None:
        raise RuntimeError("the job that was just made could not be claimed: use an empty database")
    return lease


def first_candidates() -> list[Candidate]:
    """Return the candidates that a search begins with."""
    space, training = SearchSpace((8, 8), 10), TrainingConfig(epochs=8)
    rng = np.random.default_rng(0)
    return [
        Candidate(
            number=number,
            parents=tuple(range(max(0, number - 2), number)),
            operator="widen",
            seed=number,
            architecture=space.sample(rng),
            training=training,
        )
        for number in range(FIRST)
    ]


def evaluation_of(candidate: Candidate) -> Evaluation:
    """Return a result for a candidate."""
    fitness = 0.5 + 0.4 * float(np.random.default_rng(candidate.seed).random())
    curve = tuple(Epoch(1.0 / (epoch + 1), 1.1 / (epoch + 1), fitness) for epoch in range(8))
    return Evaluation(candidate, fitness, None, curve, 8, _flops(candidate.architecture), 0.01, "made/1")


def _flops(architecture: Architecture) -> int:
    return 1000 * architecture.parameter_count


def _double(session: Session, job_id: str, stored: int) -> None:
    """Copy all candidates of the job with their evaluations and events."""
    # A product of factors, so that scores differ all over the table.
    factor = 1 - 0.37 / stored
    copied = {"number": candidates.c.number + stored, "fitness": candidates.c.fitness * factor}
    _copy(session, candidates, copied, "id", candidates.c.job_id == job_id)
    old, new = candidates.alias("old"), candidates.alias("new")
    pairs = (
        select(old.c.id.label("old_id"), new.c.id.label("new_id"))
        .where(old.c.job_id == job_id, new.c.job_id == job_id, old.c.phase == new.c.phase)
        .where(new.c.number == old.c.number + stored)
        .subquery()
    )
    names = [column.name for column in evaluations.c]
    values = {"candidate_id": pairs.c.new_id, "fitness": evaluations.c.fitness * factor}
    chosen = select(*(values.get(name, evaluations.c[name]) for name in names)).join_from(
        pairs, evaluations, evaluations.c.candidate_id == pairs.c.old_id
    )
    session.execute(insert(evaluations).from_select(names, chosen))
    last = session.execute(select(func.max(events.c.sequence)).where(events.c.job_id == job_id)).scalar_one()
    _copy(session, events, {"sequence": events.c.sequence + last}, None, events.c.job_id == job_id)


def _copy(session: Session, table: Table, changed: dict[str, Any], left_out: str | None, which: Any) -> None:
    names = [column.name for column in table.c if column.name != left_out]
    chosen = select(*(changed.get(name, table.c[name]) for name in names)).where(which)
    session.execute(insert(table).from_select(names, chosen))


def _count(session: Session, job_id: str) -> None:
    """Bring the counts of the job in line with its rows."""
    number = session.execute(select(func.count()).where(candidates.c.job_id == job_id)).scalar_one()
    session.execute(
        update(progress).where(progress.c.job_id == job_id).values(proposed=literal(number), evaluated=literal(number))
    )
    last = session.execute(select(func.max(events.c.sequence)).where(events.c.job_id == job_id)).scalar_one()
    session.execute(update(jobs).where(jobs.c.id == job_id).values(event_count=last))
