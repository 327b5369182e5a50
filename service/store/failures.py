"""Why candidates of a job failed: the reasons, with how often each was given."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.entities import Phase
from service.store.models import candidates, evaluations

LOOKED_AT: Final = 500
"""Failures of a phase that are looked at, the latest: among a million candidates there may be any number of them."""

_NUMBER: Final = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Failures:
    """Candidates of one phase that failed for one reason, but for the numbers in it; `reason` is that of the latest.

    `numbers` are those of the candidates, the latest first.
    """

    phase: Phase
    reason: str
    numbers: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.numbers)


def latest_failures(
    session: Session, job_id: str, phases: Iterable[Phase], limit: int = LOOKED_AT
) -> tuple[Failures, ...]:
    """Return the reasons for the latest `limit` failures of each of the phases, the most frequent first."""
    found: dict[tuple[Phase, str], tuple[str, list[int]]] = {}
    for phase in phases:
        rows = session.execute(
            select(candidates.c.number, evaluations.c.error)
            .join_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
            .where(candidates.c.job_id == job_id, candidates.c.phase == phase, candidates.c.status == "failed")
            .order_by(candidates.c.number.desc())
            .limit(limit)
        )
        for row in rows:
            kind = _NUMBER.sub("#", row.error or "")
            found.setdefault((phase, kind), (row.error or "", []))[1].append(row.number)
    groups = [Failures(phase, reason, tuple(numbers)) for (phase, _), (reason, numbers) in found.items()]
    return tuple(sorted(groups, key=lambda group: -group.count))
