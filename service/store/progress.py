"""How far a phase of a job has come: one row, kept in step by the transaction that records candidates."""

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Self

from sqlalchemy import Row, bindparam, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.orm import Session

from evolution.candidate import Evaluation
from service.store.entities import Phase
from service.store.models import progress
from service.store.upsert import insert


@dataclass(frozen=True, slots=True)
class Improvement:
    """A candidate that was better than all with a lower number."""

    number: int
    fitness: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a phase's candidates, what they cost, and the best of them.

    The best one has the highest fitness, then the fewest parameters, then the lowest number, as in evolution.
    `seconds` are CPU seconds. `improvements` are the candidates that were each better than all before them, by number;
    looking for them among all candidates instead takes the longer the more there are.
    """

    phase: Phase
    proposed: int = 0
    evaluated: int = 0
    failed: int = 0
    epochs: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    best_number: int | None = None
    best_fitness: float | None = None
    best_parameters: int | None = None
    improvements: tuple[Improvement, ...] = ()

    @property
    def pending(self) -> int:
        """How many candidates are still without an evaluation."""
        return self.proposed - self.evaluated - self.failed

    def with_evaluation(self, evaluation: Evaluation) -> Self:
        """Return the progress after one more evaluation."""
        spent = replace(
            self,
            epochs=self.epochs + evaluation.epochs,
            flops=self.flops + evaluation.flops,
            seconds=self.seconds + evaluation.seconds,
        )
        if evaluation.fitness is None:
            return replace(spent, failed=self.failed + 1)
        number, parameters = evaluation.candidate.number, evaluation.candidate.architecture.parameter_count
        improvements = _with(self.improvements, Improvement(number, evaluation.fitness))
        counted = replace(spent, evaluated=self.evaluated + 1, improvements=improvements)
        if self.best_fitness is not None and self.best_number is not None and self.best_parameters is not None:
            best = (-self.best_fitness, self.best_parameters, self.best_number)
            if best < (-evaluation.fitness, parameters, number):
                return counted
        return replace(counted, best_number=number, best_fitness=evaluation.fitness, best_parameters=parameters)

    def brief(self) -> dict[str, Any]:
        """Return what an event tells of the progress."""
        return {
            "proposed": self.proposed,
            "evaluated": self.evaluated,
            "failed": self.failed,
            "best_number": self.best_number,
            "best_fitness": self.best_fitness,
        }


def _with(improvements: tuple[Improvement, ...], one: Improvement) -> tuple[Improvement, ...]:
    """Return the improvements after one more result, which may come later than those of higher numbers."""
    place = bisect_left(improvements, one.number, key=lambda each: each.number)
    if place > 0 and improvements[place - 1].fitness >= one.fitness:
        return improvements
    later = tuple(each for each in improvements[place:] if each.fitness > one.fitness)
    return (*improvements[:place], one, *later)


def progress_from_row(row: Row[Any]) -> Progress:
    """Return the progress of a row of `progress`."""
    return Progress(
        phase=row.phase,
        proposed=row.proposed,
        evaluated=row.evaluated,
        failed=row.failed,
        epochs=row.epochs,
        flops=row.flops,
        seconds=row.seconds,
        best_number=row.best_number,
        best_fitness=row.best_fitness,
        best_parameters=row.best_parameters,
        improvements=tuple(Improvement(number, fitness) for number, fitness in row.improvements),
    )


_LOAD: Final = select(progress).where(progress.c.job_id == bindparam("job"), progress.c.phase == bindparam("which"))


def load_progress(session: Session, job_id: str, phase: Phase) -> Progress:
    """Return the progress of a phase, all zero when it has not begun."""
    row = session.execute(_LOAD, {"job": job_id, "which": phase}).first()
    return Progress(phase) if row is None else progress_from_row(row)


def save_progress(session: Session, job_id: str, now: Progress) -> None:
    """Store the progress of a phase; the caller has locked the job."""
    values = {
        "proposed": now.proposed,
        "evaluated": now.evaluated,
        "failed": now.failed,
        "epochs": now.epochs,
        "flops": now.flops,
        "seconds": now.seconds,
        "best_number": now.best_number,
        "best_fitness": now.best_fitness,
        "best_parameters": now.best_parameters,
        "improvements": [[one.number, one.fitness] for one in now.improvements],
    }
    session.execute(_save(session.get_bind().dialect.name), {"job_id": job_id, "phase": now.phase, **values})


@cache
def _save(dialect: str) -> Insert:
    statement = insert(dialect, progress)
    changed = {column.name: statement.excluded[column.name] for column in progress.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=["job_id", "phase"], set_=changed)
