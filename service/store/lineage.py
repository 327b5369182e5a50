"""Where a network came from, beside what all of them tell of operators and predictions.

A part of the read model; use it within `Database.read()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from core.architecture import Architecture
from evolution.candidate import Prediction
from service.store.entities import CandidateStatus, Phase
from service.store.models import candidates
from service.store.track_record import TrackRecord, track_record

PHASE: Final[Phase] = "search"
MOST_RELATIVES: Final = 2_000
"""A family tree ends after so many, the nearest first; nobody reads a larger one."""

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Relative:
    """A candidate of a family tree; `generation` is 0 for the one asked for, 1 for its parents, and so on.

    `stop_after` is after how many epochs a short training on the ladder ended, None for a full one.
    """

    number: int
    generation: int
    parents: tuple[int, ...]
    operator: str
    architecture: Architecture
    parameters: int
    prediction: Prediction | None
    status: CandidateStatus
    fitness: float | None
    stop_after: int | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """The family tree of one candidate, and the record of the job's operators and predictions.

    `family` goes by generation, then by number; `complete` says whether it holds all ancestors.
    """

    family: tuple[Relative, ...]
    complete: bool
    record: TrackRecord


def lineage(session: Session, job_id: str, number: int) -> Lineage | None:
    """Return the lineage of a candidate of the search; None when there is none of this number."""
    family, complete = ancestors(session, job_id, number)
    if not family:
        return None
    return Lineage(family, complete, track_record(session, job_id, PHASE))


def ancestors(
    session: Session, job_id: str, number: int, *, most: int | None = None
) -> tuple[tuple[Relative, ...], bool]:
    """Return a candidate of the search with its ancestors, by generation, then by number; and whether these are all."""
    limit = MOST_RELATIVES if most is None else most
    found: dict[int, Relative] = {}
    wanted, generation = {number}, 0
    while wanted and len(found) < limit:
        rows = _load(session, job_id, sorted(wanted)[: limit - len(found)])
        for row in rows:
            found[row.number] = Relative(
                number=row.number,
                generation=generation,
                parents=tuple(row.parents),
                operator=row.operator,
                architecture=Architecture.from_json(row.architecture),
                parameters=row.parameters,
                prediction=None if row.prediction is None else Prediction(**row.prediction),
                status=row.status,
                fitness=row.fitness,
                stop_after=row.stop_after,
            )
        wanted = {parent for row in rows for parent in row.parents} - set(found)
        generation += 1
    missing = {parent for one in found.values() for parent in one.parents} - set(found)
    return tuple(found.values()), not missing


def _load(session: Session, job_id: str, numbers: Sequence[int]) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for start in range(0, len(numbers), _CHUNK):
        rows += session.execute(
            select(candidates)
            .where(
                candidates.c.job_id == job_id,
                candidates.c.phase == PHASE,
                candidates.c.number.in_(numbers[start : start + _CHUNK]),
            )
            .order_by(candidates.c.number)
        )
    return rows
