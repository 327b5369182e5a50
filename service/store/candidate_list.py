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

MOST_OPERATORS: Final = 40
"""So many are offered to choose from; combinations of several operators may be many more."""

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
    conditions, few = _conditions(session, job_id, phase, wanted, sort)
    start: Sequence[Any] | None = None if place is None else (place.parameters, place.number)
    if sort == "number" and after is not None:
        start = (after,)
    return _page(session, job_id, phase, conditions, order, start, limit, few=few)


def operators_of(session: Session, job_id: str, phase: Phase, most: int = MOST_OPERATORS) -> tuple[str, ...]:
    """Return the first operators of a phase's candidates in the order of the alphabet, at most so many.

    Each is found by one step along the index, so that it does not matter how many candidates there are.
    """
    found: list[str] = []
    while len(found) < most:
        beyond = [candidates.c.operator > found[-1]] if found else []
        following = session.execute(
            select(candidates.c.operator)
            .where(candidates.c.job_id == job_id, candidates.c.phase == phase, *beyond)
            .order_by(candidates.c.operator)
            .limit(1)
        ).scalar_one_or_none()
        if following is None:
            break
        found.append(following)
    return tuple(found)


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
    start: Sequence[Any] | None,
    limit: int,
    *,
    few: bool,
) -> list[Row[Any]]:
    """Return the rows behind `start`, the values of the last row before in the columns of `order`."""
    # What is few is sorted: hidden is then the index that holds the order, for which SQLite would pass over the rest.
    keys: Sequence[ColumnElement[Any]] = [_computed(column) for column in order] if few else order
    query = select(candidates).where(candidates.c.job_id == job_id, candidates.c.phase == phase, *conditions)
    if start is not None:
        query = query.where(tuple_(*keys) > tuple_(*start))
    # The page is taken before evaluations are joined to it: a planner that may join first believes, where few rows are
    # left, that all evaluations are read sooner.
    rows = session.execute(candidate_lines(query.order_by(*keys).limit(limit).subquery())).all()
    return sorted(rows, key=attrgetter(*(column.name for column in order)))


def _by_fitness(
    session: Session, job_id: str, phase: Phase, wanted: CandidateFilter, limit: int, place: "_Place | None"
) -> list[Row[Any]]:
    # The ranked and the others are asked for apart: each then follows an index, and the databases do not agree on where
    # NULL belongs.
    rows: list[Row[Any]] = []
    if wanted.status in {None, "evaluated"} and (place is None or place.negative_fitness is not None):
        ranking = [candidates.c.negative_fitness, candidates.c.parameters, candidates.c.number]
        conditions, few = _conditions(session, job_id, phase, wanted, "fitness")
        scored = candidates.c.negative_fitness
        conditions.append((_computed(scored) if few else scored).is_not(None))
        start = None if place is None else (place.negative_fitness, place.parameters, place.number)
        rows = _page(session, job_id, phase, conditions, ranking, start, limit, few=few)
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
    conditions, few = _conditions(session, job_id, phase, replace(wanted, status=status), "number")
    start = None if after is None else (after,)
    return _page(session, job_id, phase, conditions, [candidates.c.number], start, limit, few=few)


def _conditions(
    session: Session, job_id: str, phase: Phase, wanted: CandidateFilter, sort: CandidateSort
) -> tuple[list[ColumnElement[bool]], bool]:
    """Return what the filter demands, and whether that leaves few rows, which are to be sorted.

    PostgreSQL knows how many rows a filter leaves, and decides by itself which index leads. SQLite keeps no statistics
    here, and takes the index of any filter for a short way, though it may lead to most of the rows, which then have to
    be sorted. So it is shown a filter's index only where that holds the order too, or leads to few rows.
    """
    by_number = sort == "number"
    knows = session.get_bind().dialect.name == "postgresql"
    found: list[ColumnElement[bool]] = []
    few = False

    def demand(column: Column[Any], demands: Callable[[ColumnElement[Any]], ColumnElement[bool]], leads: bool) -> None:
        nonlocal few
        alone = not (knows or leads or few) and _few(session, job_id, phase, demands(column))
        few = few or alone
        found.append(demands(column if knows or leads or alone else _computed(column)))

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
    return found, few


def _computed(column: Column[Any]) -> ColumnElement[Any]:
    """Return the column's own value as one that is computed, to which no index leads."""
    return func.coalesce(column, column)


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
