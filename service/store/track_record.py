"""What can be learned from how all candidates of a phase did: which operators pay, and how far predictions hold.

Of many candidates a sample is read, whose numbers are evenly spaced, with the parents of its members; how often each
operator was tried and failed is counted over all. A part of the read model; use it within `Database.read()`.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from service.store.entities import CandidateStatus, Phase
from service.store.models import candidates

AGAIN: Final = ("repeat", "promote")
"""The operators of candidates that train their parent again; they change nothing, so what they show is noise."""

MOST_READ: Final = 5_000
"""Of more candidates a sample is read: shares are then known to a hundredth or two."""

_CHUNK: Final = 500


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
class TrackRecord:
    """The operators, the most tried first, and the predictions, None where there are none with a score.

    `read` candidates of `total` were looked at; `tried` and `failed` of the operators are counted over all.
    """

    operators: tuple[OperatorSuccess, ...]
    calibration: Calibration | None
    read: int
    total: int

    @property
    def sampled(self) -> int | None:
        """How many candidates were looked at; None for all of them."""
        return None if self.read == self.total else self.read


def track_record(session: Session, job_id: str, phase: Phase) -> TrackRecord:
    """Return how a phase's operators and predictions did so far."""
    of_phase = (candidates.c.job_id == job_id, candidates.c.phase == phase)
    # Numbers have no gaps.
    last = session.execute(select(func.max(candidates.c.number)).where(*of_phase)).scalar_one()
    total = 0 if last is None else last + 1
    if total <= MOST_READ:
        rows = session.execute(_rows().where(*of_phase).order_by(candidates.c.number)).all()
        return TrackRecord(_operators(rows, rows, _counts(rows)), _calibration(rows, rows), total, total)
    even = _even(total)
    rows = _numbered(session, of_phase, even)
    missing = {parent for row in rows for parent in row.parents} - set(even)
    known = [*rows, *_numbered(session, of_phase, missing)]
    counts = _counted(session, of_phase)
    return TrackRecord(_operators(rows, known, counts), _calibration(rows, known), len(rows), total)


def _even(total: int) -> list[int]:
    return [place * (total - 1) // (MOST_READ - 1) for place in range(MOST_READ)]


def _rows() -> Select[Any]:
    return select(
        candidates.c.number,
        candidates.c.parents,
        candidates.c.operator,
        candidates.c.status,
        candidates.c.fitness,
        candidates.c.prediction,
        candidates.c.stop_after,
    )


def _numbered(session: Session, of_phase: Sequence[Any], numbers: Collection[int]) -> Sequence[Row[Any]]:
    ordered = sorted(numbers)
    found: list[Row[Any]] = []
    for start in range(0, len(ordered), _CHUNK):
        found += session.execute(
            _rows()
            .where(*of_phase, candidates.c.number.in_(ordered[start : start + _CHUNK]))
            .order_by(candidates.c.number)
        )
    return found


Counts = Mapping[str, tuple[int, int]]
"""How often each operator was tried, and how often that failed; a child of several, "widen+narrow", counts for each."""


def _counts(rows: Iterable[Row[Any]]) -> Counts:
    return _summed((row.operator, 1, int(row.status == "failed")) for row in rows)


def _counted(session: Session, of_phase: Sequence[Any]) -> Counts:
    failed: CandidateStatus = "failed"
    by_operator = select(candidates.c.operator, func.count()).where(*of_phase).group_by(candidates.c.operator)
    tried = session.execute(by_operator).all()
    lost = session.execute(by_operator.where(candidates.c.status == failed)).all()
    return _summed([*((name, count, 0) for name, count in tried), *((name, 0, count) for name, count in lost)])


def _summed(counts: Iterable[tuple[str, int, int]]) -> Counts:
    found: dict[str, tuple[int, int]] = {}
    for operators, tried, failed in counts:
        for operator in dict.fromkeys(operators.split("+")):
            before = found.get(operator, (0, 0))
            found[operator] = (before[0] + tried, before[1] + failed)
    return found


def _operators(rows: Sequence[Row[Any]], known: Sequence[Row[Any]], counts: Counts) -> tuple[OperatorSuccess, ...]:
    """Return the operators by how often they were tried, from children and all that is `known`, their parents too.

    A child is compared with those parents that were trained as long: a short training on the ladder scores less.
    """
    fitness = {(row.number, row.stop_after): row.fitness for row in known}
    changes: dict[str, list[float]] = {}
    for row in rows:
        scores = [fitness.get((parent, row.stop_after)) for parent in row.parents]
        parents = [score for score in scores if score is not None]
        for operator in dict.fromkeys(row.operator.split("+")):
            if row.fitness is not None and parents:
                changes.setdefault(operator, []).append(row.fitness - max(parents))
    found = []
    for operator, (tried, failed) in counts.items():
        change = changes.get(operator, [])
        better = sum(one > 0 for one in change)
        mean = math.fsum(change) / len(change) if change else None
        found.append(OperatorSuccess(operator, tried, failed, len(change), better, mean))
    return tuple(sorted(found, key=lambda one: (-one.tried, one.operator)))


def _calibration(rows: Sequence[Row[Any]], known: Sequence[Row[Any]]) -> Calibration | None:
    # What is predicted is the score of a full training, which a short one on the ladder does not tell.
    told = [row for row in rows if row.stop_after is None and None not in (row.fitness, row.prediction)]
    if not told:
        return None
    noise = spread_of_repeats(row for row in known if row.stop_after is None)
    errors = [row.fitness - row.prediction["mean"] for row in told]
    believed = [row.prediction["deviation"] for row in told]
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
