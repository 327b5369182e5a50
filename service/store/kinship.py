"""The relatives of one candidate, and the learning curves to hold its own against.

A part of the read model; use it within `Database.read()`. A phase may have a million candidates, and no index leads
from a parent to its children: these are looked for among the candidates that came next, and where that ends is told.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.architecture import Architecture
from core.training import Epoch
from service.store.entities import CandidateStatus, Phase
from service.store.mapping import curve_from_json
from service.store.models import candidates, evaluations

SEARCHED: Final = 5_000
"""So many candidates after one are looked through for its children; an ageing population breeds none much later."""

SAMPLED: Final = 100
"""So many curves, evenly spread over a phase, stand for all of them."""


@dataclass(frozen=True, slots=True)
class Kin:
    """A parent or a child."""

    number: int
    operator: str
    architecture: Architecture
    parameters: int
    status: CandidateStatus
    fitness: float | None


@dataclass(frozen=True, slots=True)
class Children:
    """The best children of a candidate, how many were found, and the last number that was looked at; None for all."""

    shown: tuple[Kin, ...]
    found: int
    searched_to: int | None


def kin(session: Session, job_id: str, phase: Phase, numbers: Sequence[int]) -> tuple[Kin, ...]:
    """Return the candidates of these numbers, by number."""
    if not numbers:
        return ()
    rows = session.execute(
        select(
            candidates.c.number,
            candidates.c.operator,
            candidates.c.architecture,
            candidates.c.parameters,
            candidates.c.status,
            candidates.c.fitness,
        )
        .where(candidates.c.job_id == job_id, candidates.c.phase == phase, candidates.c.number.in_(numbers))
        .order_by(candidates.c.number)
    )
    return tuple(
        Kin(row.number, row.operator, Architecture.from_json(row.architecture), row.parameters, row.status, row.fitness)
        for row in rows
    )


def children_of(session: Session, job_id: str, phase: Phase, number: int, most: int) -> Children:
    """Return the children of a candidate, those with the best fitness first."""
    rows = session.execute(
        select(candidates.c.number, candidates.c.parents, candidates.c.fitness)
        .where(candidates.c.job_id == job_id, candidates.c.phase == phase, candidates.c.number > number)
        .order_by(candidates.c.number)
        .limit(SEARCHED + 1)
    ).all()
    own = [row for row in rows[:SEARCHED] if number in row.parents]
    own.sort(key=lambda row: (row.fitness is None, -(row.fitness or 0.0), row.number))
    chosen = [row.number for row in own[:most]]
    by_number = {one.number: one for one in kin(session, job_id, phase, chosen)}
    return Children(
        shown=tuple(by_number[each] for each in chosen),
        found=len(own),
        searched_to=rows[SEARCHED - 1].number if len(rows) > SEARCHED else None,
    )


def curves_of(session: Session, job_id: str, phase: Phase, numbers: Collection[int]) -> dict[int, tuple[Epoch, ...]]:
    """Return the learning curves of those of the candidates that have one."""
    rows = session.execute(
        select(candidates.c.number, evaluations.c.curve)
        .join_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
        .where(candidates.c.job_id == job_id, candidates.c.phase == phase, candidates.c.number.in_(numbers))
    )
    return {row.number: curve for row in rows if (curve := curve_from_json(row.curve))}


def median_curve(session: Session, job_id: str, phase: Phase, proposed: int) -> tuple[tuple[float, ...], int]:
    """Return the median validation score after each epoch, and over how many candidates, evenly spread over a phase.

    An epoch counts while at least half of these candidates have reached it.
    """
    count = min(SAMPLED, proposed)
    curves = curves_of(session, job_id, phase, {place * proposed // count for place in range(count)} if count else ())
    scores = [[epoch.validation_score for epoch in curve] for curve in curves.values()]
    found: list[float] = []
    while scores and len(reached := [one[len(found)] for one in scores if len(one) > len(found)]) * 2 >= len(scores):
        found.append(median(reached))
    return tuple(found), len(scores)
