"""Small real values for the tests of the store, with the numbers that are hardest to carry through a database."""

import math
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from core.architecture import Architecture, Dense
from core.training import Epoch, TrainingConfig
from evolution.candidate import Candidate, Evaluation
from service.store.database import Database
from service.store.entities import Job, Lease
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.models import jobs, metadata
from service.store.queue import Queue

# Elsewhere: nobody here can know whether it lives.
ELSEWHERE = RunnerIdentity("elsewhere", "another-boot", 1, 1)
FAR_AWAY = RunnerIdentity("far-away", "another-boot", 1, 1)

SPEC = {"format": 1, "name": "digits", "budget": {"evaluations": 20}}


def architecture(*widths: int) -> Architecture:
    return Architecture((16, 16), tuple(Dense(units, "relu") for units in widths), 10)


def candidate(number: int = 0, *widths: int, **changes: Any) -> Candidate:
    plain = Candidate(
        number=number,
        parents=tuple(range(min(number, 2))),
        operator="mutation: widen",
        seed=2**63 - 1 - number,
        architecture=architecture(*(widths or (number + 1,))),
        training=TrainingConfig(epochs=3, learning_rate=0.1 + 0.2, patience=2),
    )
    return replace(plain, **changes)


def evaluation(of: Candidate, fitness: float | None = 1 / 3, **changes: Any) -> Evaluation:
    plain = Evaluation(
        candidate=of,
        fitness=fitness,
        error=None if fitness is not None else "diverged in epoch 2",
        curve=(Epoch(2.302585092994046, math.nextafter(1.0, 2.0), 0.1), Epoch(5e-324, -0.0, 1 / 3)),
        epochs=2,
        flops=2**53 + 1,
        seconds=0.1 + 0.2,
        worker="vm pid 17 ü",
        scores=changes.pop("scores", ()),
    )
    return replace(plain, **changes)


def create(database: Database, name: str = "digits") -> Job:
    with database.write() as session:
        return JobRepository(session).create(name, "digits-8x8", SPEC, 2**63 - 1)


def claim(database: Database, runner: RunnerIdentity = ELSEWHERE, seconds: float = 1000) -> Lease | None:
    with database.write() as session:
        return Queue(session).claim(runner, seconds)


def start(database: Database, runner: RunnerIdentity = ELSEWHERE, seconds: float = 1000) -> Lease:
    """Create a job and claim it; `seconds` below zero give a lease that is over at once."""
    create(database)
    lease = claim(database, runner, seconds)

    assert lease is not None

    return lease


def get(database: Database, job_id: str) -> Job:
    with database.read() as session:
        return JobRepository(session).get(job_id)


def set_status(database: Database, job_id: str, status: str) -> None:
    """Make a job's row what it is after a longer story."""
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(status=status))


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the database holds, sorted; equal dumps mean that nothing was written."""
    with database.read() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }
