"""Lists of jobs: which ones, in which order, and from which place on.

Every order ends with the id, so that each job has exactly one place, and a page begins behind the place where the one
before it ended: jobs that come or go meanwhile shift nothing.
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self, assert_never

from sqlalchemy import ColumnElement, Double, and_, func, literal, select, tuple_
from sqlalchemy.orm import Session

from service.store.entities import Job, JobStatus
from service.store.job_repository import JobRepository
from service.store.mapping import job_from_row, plain_text
from service.store.models import UtcDateTime, job_labels, jobs, progress

JobSort = Literal["newest", "oldest", "name", "best_score"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Sixteen digits reach the year 2286; more would overflow datetime.
_MOST_MICROSECONDS: Final = 10**16
_DESCENDING: Final = frozenset({"newest", "best_score"})
_NO_SCORE: Final = -1.7976931348623157e308
"""Where a job without a score belongs: behind every other."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list shows; None and the empty tuple leave out nothing. The moments themselves do not count."""

    statuses: tuple[JobStatus, ...] = ()
    dataset: str | None = None
    label: str | None = None
    name: str | None = None
    archived: bool | None = False
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobPlace:
    """A place in a list of jobs, behind which a page begins: the value that the list is sorted by, and the id.

    A name may be too long to travel in an address, so that in a list by name the place is where that job stands: None.
    """

    key: int | float | None
    id: str

    def __str__(self) -> str:
        return json.dumps([self.key, self.id], allow_nan=False)

    @classmethod
    def parse(cls, text: str, sort: JobSort) -> Self:
        """Read what `str` gave for a list in this order. Raises ValueError when the text is something else."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        match sort, value:
            case ("newest" | "oldest", [int() as key, str() as job_id]) if 0 <= key < _MOST_MICROSECONDS:
                return cls(key, plain_text(job_id))
            case ("name", [None, str() as job_id]):
                return cls(None, plain_text(job_id))
            case ("best_score", [float() as key, str() as job_id]) if math.isfinite(key):
                return cls(key, plain_text(job_id))
        raise ValueError("a place is what an earlier page gave as the one to go on from")


def list_jobs(
    session: Session,
    owner: str | None,
    page_size: int,
    wanted: JobFilter,
    sort: JobSort = "newest",
    after: JobPlace | None = None,
) -> tuple[list[Job], JobPlace | None]:
    """Return up to `page_size` jobs of `owner` (None: of everybody), and where to go on; None on the last page.

    Raises JobNotFound where a page by name begins behind a job that was deleted meanwhile.
    """
    key = _key(sort)
    query = select(jobs, key.label("sort_key")).where(*_conditions(wanted))
    if sort == "best_score":
        query = query.outerjoin(progress, and_(progress.c.job_id == jobs.c.id, progress.c.phase == "search"))
    if owner is not None:
        query = query.where(jobs.c.owner == owner)
    if after is not None:
        query = query.where(_behind(session, owner, key, sort, after))
    order = [part.desc() if sort in _DESCENDING else part.asc() for part in (key, jobs.c.id)]
    rows = session.execute(query.order_by(*order).limit(page_size + 1)).all()
    shown = rows[:page_size]
    last = shown[-1] if len(rows) > page_size else None
    return [job_from_row(row) for row in shown], None if last is None else JobPlace(_travelling(last.sort_key), last.id)


def _key(sort: JobSort) -> ColumnElement[Any]:
    match sort:
        case "newest" | "oldest":
            return jobs.c.created_at
        case "name":
            return jobs.c.name
        case "best_score":
            return func.coalesce(progress.c.best_fitness, literal(_NO_SCORE, Double()))
        case _:
            assert_never(sort)


def _behind(
    session: Session, owner: str | None, key: ColumnElement[Any], sort: JobSort, after: JobPlace
) -> ColumnElement[bool]:
    value: ColumnElement[Any]
    match after.key:
        case None:
            value = literal(JobRepository(session, owner).get(after.id).name)
        case int():
            value = literal(_EPOCH + timedelta(microseconds=after.key), UtcDateTime())
        case float():
            value = literal(after.key)
    here, place = tuple_(key, jobs.c.id), tuple_(value, literal(after.id))
    return here < place if sort in _DESCENDING else here > place


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.statuses:
        found.append(jobs.c.status.in_(wanted.statuses))
    if wanted.dataset is not None:
        found.append(jobs.c.dataset == plain_text(wanted.dataset))
    if wanted.label is not None:
        of_label = select(job_labels.c.job_id).where(job_labels.c.label == plain_text(wanted.label))
        found.append(jobs.c.id.in_(of_label))
    if wanted.name is not None:
        found.append(func.lower(jobs.c.name).contains(plain_text(wanted.name).lower(), autoescape=True))
    if wanted.archived is not None:
        found.append(jobs.c.archived == wanted.archived)
    if wanted.created_after is not None:
        found.append(jobs.c.created_at > literal(wanted.created_after, UtcDateTime()))
    if wanted.created_before is not None:
        found.append(jobs.c.created_at < literal(wanted.created_before, UtcDateTime()))
    return found


def _travelling(key: datetime | float | str) -> int | float | None:
    match key:
        case datetime():
            return (key - _EPOCH) // timedelta(microseconds=1)
        case str():
            return None
        case _:
            return key
