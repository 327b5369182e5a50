"""A job with as many candidates as a test wants, written past the repository: that would take far longer."""

from typing import Any

from sqlalchemy import insert, select, text

from service.store.bulk import insert_all
from service.store.database import Database
from service.store.entities import now
from service.store.mapping import candidate_values
from service.store.models import candidates, evaluations
from tests.service.store.samples import candidate, start

CHUNK = 20_000
STATUSES = {0: "failed", 1: "pending"}


def job_with(database: Database, count: int) -> str:
    """Return the id of a running job with `count` candidates, of which one in 50 failed and one in 50 is pending."""
    job_id = start(database).job_id
    for first in range(0, count, CHUNK):
        with database.write() as session:
            insert_all(
                session, candidates, [_row(job_id, number) for number in range(first, min(first + CHUNK, count))]
            )
    with database.write() as session:
        done = select(
            candidates.c.id,
            candidates.c.fitness,
            candidates.c.created_at,
            *_constants('{"format": 1, "epochs": []}', 1, 1, 0.5, "w"),
        ).where(candidates.c.job_id == job_id, candidates.c.status == "evaluated")
        names = ["candidate_id", "fitness", "created_at", "curve", "epochs", "flops", "seconds", "worker"]
        session.execute(insert(evaluations).from_select(names, done))
    if database.dialect == "postgresql":
        with database.write() as session:
            session.execute(text("ANALYZE candidates, evaluations"))
    return job_id


def _constants(curve: str, epochs: int, flops: int, seconds: float, worker: str) -> list[Any]:
    return [text(f"'{curve}'"), text(str(epochs)), text(str(flops)), text(str(seconds)), text(f"'{worker}'")]


_PLAIN: dict[str, Any] = {}


def _row(job_id: str, number: int) -> dict[str, Any]:
    if not _PLAIN:
        _PLAIN.update(candidate_values("", "search", candidate(0, 4, 4)))
    status = STATUSES.get(number % 50, "evaluated")
    fitness = number * 104_729 % 300 / 300 if status == "evaluated" else None
    return {
        **_PLAIN,
        "job_id": job_id,
        "number": number,
        "operator": "widen" if number % 3 else "draw",
        "parameters": number * 7919 % 1000,
        "layers": number % 4,
        "status": status,
        "fitness": fitness,
        "negative_fitness": None if fitness is None else -fitness,
        "created_at": now(),
    }
