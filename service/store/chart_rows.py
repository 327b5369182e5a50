"""What charts show of a job's candidates: all where they are few, a stated sample where they may be a million.

A part of the read model; use it within `Database.read()`. A sample holds candidates whose numbers are evenly spaced,
found through the unique key, and the best ones, found through the index of the ranking, so that it costs the same
however many there are.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final

from sqlalchemy import Row, Select, Text, cast, func, select, tuple_
from sqlalchemy.orm import Session

from core.architecture import Architecture
from core.replicates import mean_and_standard_error
from core.training import Epoch
from evolution.candidate import Prediction
from service.store.entities import CandidateStatus, Phase
from service.store.mapping import curve_from_json
from service.store.models import candidates, evaluations
from service.store.track_record import TrackRecord, track_record

MOST_SPREAD: Final = 2_000
MOST_BEST: Final = 200

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A candidate as a chart shows it; what an evaluation brings is None while it is pending."""

    number: int
    parents: tuple[int, ...]
    operator: str
    architecture: Architecture
    parameters: int
    stop_after: int | None
    prediction: Prediction | None
    status: CandidateStatus
    fitness: float | None
    standard_error: float | None
    error: str | None
    epochs: int | None
    seconds: float | None
    worker: str | None
    evaluated_at: datetime | None

    @property
    def layers(self) -> int:
        """Dense layers and convolutions."""
        return len(self.architecture.widths)

    @property
    def neurons(self) -> int:
        """Units of dense layers and channels of convolutions, of all layers together."""
        return sum(self.architecture.widths)


@dataclass(frozen=True, slots=True)
class Sample:
    """Candidates of a phase by number.

    `even` are the numbers that were chosen evenly, without regard to the score; the others are there because they are
    among the `best` best.
    """

    rows: tuple[ChartRow, ...]
    even: frozenset[int]
    total: int
    best: int = 0

    @property
    def exact(self) -> bool:
        """Whether these are all candidates."""
        return len(self.even) == self.total

    @property
    def unbiased(self) -> tuple[ChartRow, ...]:
        """The rows that stand for all: a mean over them estimates the mean over all candidates."""
        return tuple(row for row in self.rows if row.number in self.even)


class ChartRows:
    """Questions about the candidates of one phase, of which there are `total`, numbered 0 to `total` - 1."""

    def __init__(self, session: Session, job_id: str, phase: Phase, total: int) -> None:
        self._session = session
        self._job_id, self._phase = job_id, phase
        self._of_phase = (candidates.c.job_id == job_id, candidates.c.phase == phase)
        self._total = total

    @cached_property
    def sample(self) -> Sample:
        """All candidates where they are at most 2,200, else 2,000 evenly spaced ones and the best 200."""
        if self._total <= MOST_SPREAD + MOST_BEST:
            rows = self._session.execute(_chart_rows().where(*self._of_phase).order_by(candidates.c.number))
            found = tuple(map(_row, rows))
            return Sample(found, frozenset(row.number for row in found), len(found))
        even = [place * (self._total - 1) // (MOST_SPREAD - 1) for place in range(MOST_SPREAD)]
        best = self._best()
        return Sample(self.numbered({*even, *best}), frozenset(even), self._total, len(best))

    def numbered(self, numbers: Collection[int]) -> tuple[ChartRow, ...]:
        """Return the candidates of these numbers, by number."""
        found: list[ChartRow] = []
        for chunk in _chunks(sorted(numbers)):
            rows = self._session.execute(
                _chart_rows().where(*self._of_phase, candidates.c.number.in_(chunk)).order_by(candidates.c.number)
            )
            found += map(_row, rows)
        return tuple(found)

    def latest(self, most: int) -> tuple[ChartRow, ...]:
        """Return the evaluated and failed candidates with the highest numbers, by number."""
        numbers: list[int] = []
        for status in ("evaluated", "failed"):
            numbers += self._session.execute(
                select(candidates.c.number)
                .where(*self._of_phase, candidates.c.status == status)
                .order_by(candidates.c.number.desc())
                .limit(most)
            ).scalars()
        return self.numbered(sorted(numbers)[-most:])

    def with_operators(self, operators: Sequence[str], most: int) -> tuple[ChartRow, ...]:
        """Return the first candidates that were made by one of the operators, by number."""
        numbers: list[int] = []
        for operator in operators:
            numbers += self._session.execute(
                select(candidates.c.number)
                .where(*self._of_phase, candidates.c.operator == operator)
                .order_by(candidates.c.number)
                .limit(most)
            ).scalars()
        return self.numbered(sorted(numbers)[:most])

    def curves(self, numbers: Collection[int]) -> Mapping[int, tuple[Epoch, ...]]:
        """Return the learning curves of these candidates."""
        rows = self._session.execute(
            select(candidates.c.number, evaluations.c.curve)
            .join_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
            .where(*self._of_phase, candidates.c.number.in_(sorted(numbers)))
            .order_by(candidates.c.number)
        )
        return {row.number: curve_from_json(row.curve) for row in rows}

    def front(self) -> tuple[int, ...]:
        """Return the numbers of the candidates that no other beats in both score and parameters, by parameters.

        Of all candidates, by the scores as they fell out. Down the index of the ranking, from each that is found to the
        next one that is smaller: one pass at most, and none behind the smallest candidate of all.
        """
        ranking = (candidates.c.negative_fitness, candidates.c.parameters, candidates.c.number)
        scored = (*self._of_phase, candidates.c.negative_fitness.is_not(None))
        smallest = self._session.execute(select(func.min(candidates.c.parameters)).where(*self._of_phase)).scalar_one()
        found: list[int] = []
        place = self._session.execute(select(*ranking).where(*scored).order_by(*ranking).limit(1)).first()
        while place is not None:
            found.append(place.number)
            if place.parameters <= smallest:
                break
            place = self._session.execute(
                select(*ranking)
                .where(*scored, candidates.c.parameters < place.parameters, tuple_(*ranking) > tuple_(*place))
                .order_by(*ranking)
                .limit(1)
            ).first()
        return tuple(reversed(found))

    def record(self) -> TrackRecord:
        """Return how the operators and the predictions of the phase did."""
        return track_record(self._session, self._job_id, self._phase)

    def _best(self) -> Sequence[int]:
        return (
            self._session.execute(
                select(candidates.c.number)
                .where(*self._of_phase, candidates.c.negative_fitness.is_not(None))
                .order_by(candidates.c.negative_fitness, candidates.c.parameters, candidates.c.number)
                .limit(MOST_BEST)
            )
            .scalars()
            .all()
        )


def _chart_rows() -> Select[Any]:
    return select(
        candidates.c.number,
        candidates.c.parents,
        candidates.c.operator,
        cast(candidates.c.architecture, Text).label("architecture"),
        candidates.c.parameters,
        candidates.c.stop_after,
        candidates.c.prediction,
        candidates.c.status,
        candidates.c.fitness,
        evaluations.c.scores,
        evaluations.c.error,
        evaluations.c.epochs,
        evaluations.c.seconds,
        evaluations.c.worker,
        evaluations.c.created_at.label("evaluated_at"),
    ).outerjoin_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)


def _row(row: Row[Any]) -> ChartRow:
    return ChartRow(
        number=row.number,
        parents=tuple(row.parents),
        operator=row.operator,
        architecture=_architecture(row.architecture),
        parameters=row.parameters,
        stop_after=row.stop_after,
        prediction=None if row.prediction is None else Prediction(**row.prediction),
        status=row.status,
        fitness=row.fitness,
        standard_error=mean_and_standard_error(row.scores)[1] if row.scores else None,
        error=row.error,
        epochs=row.epochs,
        seconds=row.seconds,
        worker=row.worker,
        evaluated_at=row.evaluated_at,
    )


# A chart is asked for again and again while a job runs, and most of what it shows was there before.
@lru_cache(maxsize=8192)
def _architecture(text: str) -> Architecture:
    return Architecture.from_json(json.loads(text))


def _chunks(numbers: Sequence[int]) -> list[Sequence[int]]:
    return [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
