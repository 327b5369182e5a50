"""Lists of candidates of one phase: which ones, in which order, and from which number on.

A phase may have a million candidates. So every page is read along the index that holds its order, and what a filter
leaves out is passed over on the way; only where a filter leaves few are these sorted. Where the order is that of the
numbers, the filters for status, layers and operator have indexes of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final, Literal

from sqlalchemy import Column, ColumnElement, FromClause, Row, Select, func, select, tuple_
from sqlalchemy.orm import Session

from service.store.entities import CandidateStatus, Phase
from service.store.mapping import LARGEST_BIGINT, plain_text
from service.store.models import candidates, evaluations

CandidateSort = Literal["number", "fitness", "parameters"]

FEW: Final = 2000
"""So many candidates are sorted in a few milliseconds."""

_WITHOUT_FITNESS: Final[tuple[CandidateStatus, ...]] = ("pending", "failed")


@dataclass(frozen=True, slots=True)
class CandidateFilter:
    """Which candidates a list shows; None leaves out nothing. The numbers of parameters are included themselves."""

    status: CandidateStatus | None = None
    layers: int | None = None
    operator: str | None = None
    min_parameters: int | None = None
    max_parameters: int | None = None


def list_candidates(
    session: Session,
    job_id: str,
    phase: Phase,
    wanted: CandidateFilter,
    sort: CandidateSort,
    *,
    limit: int,
    after: int | None,
) -> list[Row[Any]]:
    """Return up to `limit` rows of `candidate_lines` that come after number `after` in the order of `sort`.

    By fitness the best come first, then those without one by number; by parameters the smallest first.
    """
    place = None if sort == "number" else _place(session, job_id, phase, after)
    if sort == "fitness":
        return _by_fitness(session, job_id, phase, wanted, limit, place)
    order = [candidates.c.number] if sort == "number" else [candidates.c.parameters, candidates.c.number]
    conditions = _conditions(session, job_id, phase, wanted, sort)
    if after is not None and sort == "number":
        conditions.append(candidates.c.number > after)
    elif place is not None:
        conditions.append(tuple_(*order) > tuple_(place.parameters, place.number))
    return _page(session, job_id, phase, conditions, order, limit)


def candidate_lines(page: FromClause = candidates) -> Select[Any]:
    """Return the query for candidates (a part of their table) with what their evaluations brought but for curves."""
    return select(
        page,
        evaluations.c.error,
        evaluations.c.scores,
        evaluations.c.epochs,
        evaluations.c.flops,
        evaluations.c.seconds,
        evaluations.c.worker,
        evaluations.c.created_at.label("evaluated_at"),
    ).outerjoin_from(page, evaluations, evaluations.c.candidate_id == page.c.id)


def _page(
    session: Session,
    job_id: str,
    phase: Phase,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[Column[Any]],
    limit: int,
) -> list[Row[Any]]:
    # The page is taken before evaluations are joined to it: a planner that may join first believes, where few rows are
    # left, that all evaluations are read sooner.
    query = select(candidates).where(candidates.c.job_id == job_id, candidates.c.phase == phase, *conditions)
    rows = session.execute(candidate_lines(query.order_by(*order).limit(limit).subquery())).all()
    return sorted(rows, key=attrgetter(*(column.name for column in order)))


def _by_fitness(
    session: Session, job_id: str, phase: Phase, wanted: CandidateFilter, limit: int, place: "_Place | None"
) -> list[Row[Any]]:
    # The ranked and the others are asked for apart: each then follows an index, and the databases do not agree on where
    # NULL belongs.
    rows: list[Row[Any]] = []
    if wanted.status in {None, "evaluated"} and (place is None or place.negative_fitness is not None):
        ranking = [candidates.c.negative_fitness, candidates.c.parameters, candidates.c.number]
        conditions = [
            candidates.c.negative_fitness.is_not(None),
            *_conditions(session, job_id, phase, wanted, "fitness"),
        ]
        if place is not None:
            conditions.append(tuple_(*ranking) > tuple_(place.negative_fitness, place.parameters, place.number))
        rows = _page(session, job_id, phase, conditions, ranking, limit)
    if len(rows) == limit or wanted.status == "evaluated":
        return rows
    beyond = place.number if place is not None and place.negative_fitness is None else None
    found = [row for status in _WITHOUT_FITNESS for row in _of(session, job_id, phase, status, wanted, limit, beyond)]
    return rows + sorted(found, key=lambda row: row.number)[: limit - len(rows)]


def _of(
    session: Session,
    job_id: str,
    phase: Phase,
    status: CandidateStatus,
    wanted: CandidateFilter,
    limit: int,
    after: int | None,
) -> list[Row[Any]]:
    """Return up to `limit` candidates of one status by number; among a million, those without a fitness are few."""
    if wanted.status not in {None, status}:
        return []
    conditions = _conditions(session, job_id, phase, replace(wanted, status=status), "number")
    if after is not None:
        conditions.append(candidates.c.number > after)
    return _page(session, job_id, phase, conditions, [candidates.c.number], limit)


def _conditions(
    session: Session, job_id: str, phase: Phase, wanted: CandidateFilter, sort: CandidateSort
) -> list[ColumnElement[bool]]:
    """Return what the filter demands.

    PostgreSQL knows how many rows a filter leaves, and decides by itself which index leads. SQLite keeps no statistics
    here, and takes the index of any filter for a short way, though it may lead to most of the rows, which then have to
    be sorted. So it is shown a filter's index only where that holds the order too, or leads to few rows.
    """
    by_number = sort == "number"
    knows = session.get_bind().dialect.name == "postgresql"
    found: list[ColumnElement[bool]] = []

    def demand(column: Column[Any], demands: Callable[[ColumnElement[Any]], ColumnElement[bool]], leads: bool) -> None:
        plain = knows or leads or _few(session, job_id, phase, demands(column))
        # No index leads to a value that is computed, be it no other than the column's own.
        found.append(demands(column if plain else func.coalesce(column, column)))

    if wanted.status is not None:
        demand(candidates.c.status, lambda status: status == wanted.status, by_number)
    if wanted.layers is not None:
        demand(candidates.c.layers, lambda layers: layers == wanted.layers, by_number and wanted.status is None)
    if wanted.operator is not None:
        alone = by_number and wanted.status is None and wanted.layers is None
        name = plain_text(wanted.operator)
        demand(candidates.c.operator, lambda operator: operator == name, alone)
    if wanted.min_parameters is not None or wanted.max_parameters is not None:
        least, most = (
            wanted.min_parameters or 0,
            LARGEST_BIGINT if wanted.max_parameters is None else wanted.max_parameters,
        )
        demand(candidates.c.parameters, lambda count: count.between(least, most), sort == "parameters")
    return found


def _few(session: Session, job_id: str, phase: Phase, condition: ColumnElement[bool]) -> bool:
    """Say whether a condition, counted along its index, leaves so few candidates of a phase that they may be sorted."""
    of_phase = select(candidates.c.number).where(candidates.c.job_id == job_id, candidates.c.phase == phase, condition)
    counted = select(func.count()).select_from(of_phase.limit(FEW + 1).subquery())
    return session.execute(counted).scalar_one() <= FEW


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page ended."""

    negative_fitness: float | None
    parameters: int
    number: int


def _place(session: Session, job_id: str, phase: Phase, number: int | None) -> _Place | None:
    if number is None:
        return None
    row = session.execute(
        select(candidates.c.negative_fitness, candidates.c.parameters, candidates.c.number).where(
            candidates.c.job_id == job_id, candidates.c.phase == phase, candidates.c.number == number
        )
    ).first()
    return None if row is None else _Place(row.negative_fitness, row.parameters, row.number)
