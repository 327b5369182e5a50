"""Where a network came from, and what can be learned from how all of them did: operators and predictions.

A part of the read model; use it within `Database.read()`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from core.architecture import Architecture
from evolution.candidate import Prediction
from service.store.entities import CandidateStatus, Phase
from service.store.models import candidates

PHASE: Final[Phase] = "search"
AGAIN: Final = ("repeat", "promote")
"""The operators of candidates that train their parent again; they change nothing, so what they show is noise."""

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
class OperatorSuccess:
    """How an operator did: how many children it had a part in, and how these compare with their best parents.

    `compared` counts the children that have a score and a parent with one; `better` those of them that beat their best
    parent; `mean_change` is the mean difference in fitness to that parent, None where nothing can be compared.
    """

    operator: str
    tried: int
    failed: int
    compared: int
    better: int
    mean_change: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the scores fell out against what the search believed before the trainings.

    A stored deviation is of the network's true score; the score of one training lies off by the noise of its seed too.
    `noise` is the standard deviation of that, estimated from the networks that were trained more than once, and None
    where there are none. `within_one` and `within_two` are the shares of scores within one and two deviations of the
    prediction, belief and noise together; for a normal distribution 0.683 and 0.954. `believed_one` and `believed_two`
    are the same without the noise. Errors are score less prediction.
    """

    predictions: int
    mean_error: float
    mean_absolute_error: float
    noise: float | None
    within_one: float
    within_two: float
    believed_one: float
    believed_two: float


@dataclass(frozen=True, slots=True)
class Lineage:
    """The family tree of one candidate, and the record of the job's operators and predictions.

    `family` goes by generation, then by number; `complete` says whether it holds all ancestors.
    """

    family: tuple[Relative, ...]
    complete: bool
    operators: tuple[OperatorSuccess, ...]
    calibration: Calibration | None


def lineage(session: Session, job_id: str, number: int) -> Lineage | None:
    """Return the lineage of a candidate of the search; None when there is none of this number."""
    family, complete = ancestors(session, job_id, number)
    if not family:
        return None
    query: Select[Any] = (
        select(
            candidates.c.number,
            candidates.c.parents,
            candidates.c.operator,
            candidates.c.status,
            candidates.c.fitness,
            candidates.c.prediction,
            candidates.c.stop_after,
        )
        .where(candidates.c.job_id == job_id, candidates.c.phase == PHASE)
        .order_by(candidates.c.number)
    )
    rows = session.execute(query).all()
    return Lineage(family, complete, _operators(rows), _calibration(rows))


def ancestors(session: Session, job_id: str, number: int) -> tuple[tuple[Relative, ...], bool]:
    """Return a candidate of the search with its ancestors, by generation, then by number; and whether these are all."""
    found: dict[int, Relative] = {}
    wanted, generation = {number}, 0
    while wanted and len(found) < MOST_RELATIVES:
        rows = _load(session, job_id, sorted(wanted)[: MOST_RELATIVES - len(found)])
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


def _operators(rows: Sequence[Row[Any]]) -> tuple[OperatorSuccess, ...]:
    """Return the operators by how often they were tried; a child of several, "widen+narrow", counts for each.

    A child is compared with those parents that were trained as long: a short training on the ladder scores less.
    """
    fitness = {(row.number, row.stop_after): row.fitness for row in rows}
    tried: dict[str, int] = {}
    failed: dict[str, int] = {}
    changes: dict[str, list[float]] = {}
    for row in rows:
        scores = [fitness.get((parent, row.stop_after)) for parent in row.parents]
        parents = [score for score in scores if score is not None]
        for operator in dict.fromkeys(row.operator.split("+")):
            tried[operator] = tried.get(operator, 0) + 1
            failed[operator] = failed.get(operator, 0) + (row.status == "failed")
            if row.fitness is not None and parents:
                changes.setdefault(operator, []).append(row.fitness - max(parents))
    found = []
    for operator, count in tried.items():
        change = changes.get(operator, [])
        better = sum(one > 0 for one in change)
        mean = math.fsum(change) / len(change) if change else None
        found.append(OperatorSuccess(operator, count, failed[operator], len(change), better, mean))
    return tuple(sorted(found, key=lambda one: (-one.tried, one.operator)))


def _calibration(rows: Sequence[Row[Any]]) -> Calibration | None:
    # What is predicted is the score of a full training, which a short one on the ladder does not tell.
    rows = [row for row in rows if row.stop_after is None]
    known = [row for row in rows if row.fitness is not None and row.prediction is not None]
    if not known:
        return None
    noise = spread_of_repeats(rows)
    errors = [row.fitness - row.prediction["mean"] for row in known]
    believed = [row.prediction["deviation"] for row in known]
    together = [math.hypot(deviation, noise or 0.0) for deviation in believed]

    def share(deviations: Sequence[float], times: int) -> float:
        within = [abs(error) <= times * each for error, each in zip(errors, deviations, strict=True)]
        return within.count(True) / len(within)

    return Calibration(
        predictions=len(errors),
        mean_error=math.fsum(errors) / len(errors),
        mean_absolute_error=math.fsum(abs(error) for error in errors) / len(errors),
        noise=noise,
        within_one=share(together, 1),
        within_two=share(together, 2),
        believed_one=share(believed, 1),
        believed_two=share(believed, 2),
    )


class Trained(Protocol):
    """What must be known of a candidate to tell the noise of its training."""

    @property
    def number(self) -> int: ...  # noqa: D102 - its column
    @property
    def parents(self) -> Sequence[int]: ...  # noqa: D102 - its column
    @property
    def operator(self) -> str: ...  # noqa: D102 - its column
    @property
    def fitness(self) -> float | None: ...  # noqa: D102 - its column


def spread_of_repeats(rows: Iterable[Trained]) -> float | None:
    """Return the pooled standard deviation of the scores of one network, over the networks trained more than once."""
    scores: dict[int, list[float]] = {}
    for row in rows:
        if row.fitness is not None:
            first = row.parents[0] if row.operator in AGAIN else row.number
            scores.setdefault(first, []).append(row.fitness)
    squares, freedom = 0.0, 0
    for each in scores.values():
        mean = math.fsum(each) / len(each)
        squares += math.fsum((score - mean) ** 2 for score in each)
        freedom += len(each) - 1
    return math.sqrt(squares / freedom) if freedom else None
