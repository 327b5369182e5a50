"""Why candidates failed: reasons with how often each was given. A part of the read model."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.store.entities import PHASES, Phase
from service.store.models import candidates, evaluations

MOST_REASONS: Final = 20
"""So many reasons of a job are told, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A reason for which candidates of a phase failed: how many did, and the number of the first of them."""

    phase: Phase
    reason: str
    count: int
    first: int


def failures(session: Session, job_id: str) -> tuple[Failure, ...]:
    """Return the most frequent reasons for which a job's candidates failed: by phase, then by how often."""
    count = func.count().label("times")
    query: Select[Any] = (
        select(candidates.c.phase, evaluations.c.error, count, func.min(candidates.c.number).label("first"))
        .join_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
        .where(candidates.c.job_id == job_id, candidates.c.status == "failed")
        .group_by(candidates.c.phase, evaluations.c.error)
        .order_by(count.desc(), func.min(candidates.c.number))
        .limit(MOST_REASONS)
    )
    found = [Failure(row.phase, row.error or "", row.times, row.first) for row in session.execute(query)]
    return tuple(sorted(found, key=lambda one: (PHASES.index(one.phase), -one.count, one.first)))
