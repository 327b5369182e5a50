"""Which candidate of the search a network is. A part of the read model; use it within `Database.read()`."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.architecture import Architecture
from service.store.entities import Phase
from service.store.models import candidates

PHASE: Final[Phase] = "search"

MOST_ALIKE: Final = 500
"""So many candidates of as many parameters are looked at, the first ones."""


def first_candidate_of(session: Session, job_id: str, architecture: Architecture) -> int | None:
    """Return the number of the search's first candidate of this architecture; None where there is none."""
    wanted = architecture.to_json()
    rows = session.execute(
        select(candidates.c.number, candidates.c.architecture)
        .where(
            candidates.c.job_id == job_id,
            candidates.c.phase == PHASE,
            candidates.c.parameters == architecture.parameter_count,
        )
        .order_by(candidates.c.number)
        .limit(MOST_ALIKE)
    )
    return next((row.number for row in rows if row.architecture == wanted), None)
