"""The read model: everything that pages, API and reports show is asked for here, so that they cannot disagree.

Use it within `Database.read()`, which gives all questions of one answer the same state of the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from core.architecture import Architecture
from core.replicates import mean_and_standard_error
from core.training import Epoch, TrainingConfig
from evolution.candidate import Prediction
from service.store.candidate_list import CandidateFilter, CandidateSort, candidate_lines, list_candidates
from service.store.entities import PHASES, CandidateStatus, Job, Phase, now
from service.store.job_details import labels_of
from service.store.job_list import JobFilter, JobPlace, JobSort, list_jobs
from service.store.job_repository import JobRepository
from service.store.mapping import candidate_from_row, curve_from_json
from service.store.models import candidates, evaluations, progress
from service.store.progress import Improvement, Progress, progress_from_row

_IN_TIME: dict[Phase, int] = {phase: place for place, phase in enumerate(PHASES)}


@dataclass(frozen=True, slots=True)
class BestCandidate:
    """The best candidate of a phase so far."""

    number: int
    fitness: float
    architecture: Architecture


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job and how far it has come; `best` is that of the search.

    `phases` holds those that have begun, in the order of time. `elapsed_seconds` counts from the first claim to the
    end, or to now.
    """

    job: Job
    budget: dict[str, Any]
    phases: tuple[Progress, ...]
    best: BestCandidate | None
    labels: tuple[str, ...]
    elapsed_seconds: float

    @property
    def budget_text(self) -> str:
        """The budget in words; every release stored evaluations or epochs."""
        parts = [f"{self.budget[unit]:,} {unit}" for unit in ("evaluations", "epochs") if self.budget.get(unit)]
        seconds = self.budget.get("max_seconds")
        return " · ".join(parts + ([f"at most {seconds:,} seconds"] if seconds else []))

    @property
    def best_so_far(self) -> tuple[Improvement, ...]:
        """The candidates of the search that were each better than all before them, by number."""
        return self.progress("search").improvements

    def progress(self, phase: Phase) -> Progress:
        """Return the progress of a phase, all zero when it has not begun."""
        return _find(self.phases, phase)


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in a list."""

    job: Job
    phases: tuple[Progress, ...]
    labels: tuple[str, ...]
    elapsed_seconds: float

    @property
    def best_fitness(self) -> float | None:
        """The best fitness of the search so far."""
        return self.progress("search").best_fitness

    def progress(self, phase: Phase) -> Progress:
        """Return the progress of a phase, all zero when it has not begun."""
        return _find(self.phases, phase)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs in an order; `next` is the place to go on from, None on the last page."""

    lines: tuple[JobLine, ...]
    next: JobPlace | None


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A candidate in a table; what an evaluation brings is None while it is pending. `seconds` are CPU seconds."""

    phase: Phase
    number: int
    parents: tuple[int, ...]
    operator: str
    seed: int
    architecture: Architecture
    training: TrainingConfig
    replicates: int
    stop_after: int | None
    prediction: Prediction | None
    parameters: int
    layers: int
    status: CandidateStatus
    fitness: float | None
    standard_error: float | None
    error: str | None
    epochs: int | None
    flops: int | None
    seconds: float | None
    worker: str | None
    created_at: datetime
    evaluated_at: datetime | None


@dataclass(frozen=True, slots=True)
class CandidateDetail:
    """A candidate with its learning curve."""

    line: CandidateLine
    curve: tuple[Epoch, ...]


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """Candidates of one phase; `next` is the number to go on after, None on the last page."""

    lines: tuple[CandidateLine, ...]
    next: int | None


class Insights:
    """Questions about jobs and candidates, within the transaction of `session`: those of `owner`, or all for None."""

    def __init__(self, session: Session, owner: str | None = None) -> None:
        self._session = session
        self._owner = owner
        self._jobs = JobRepository(session, owner)

    def summary(self, job_id: str) -> JobSummary:
        """Return a job with its progress. Raises JobNotFound."""
        job = self._jobs.get(job_id)
        phases = self._progress([job_id]).get(job_id, ())
        budget = job.spec.get("budget")
        return JobSummary(
            job=job,
            budget=dict(budget) if isinstance(budget, dict) else {},
            phases=phases,
            best=self._best(job_id, _find(phases, "search")),
            labels=labels_of(self._session, [job_id]).get(job_id, ()),
            elapsed_seconds=_elapsed(job),
        )

    def jobs(
        self,
        page_size: int,
        after: JobPlace | None = None,
        *,
        wanted: JobFilter = JobFilter(),  # noqa: B008 - frozen
        sort: JobSort = "newest",
    ) -> JobPage:
        """Return up to `page_size` jobs that come after `after` in the order of `sort`, in three queries."""
        shown, following = list_jobs(self._session, self._owner, page_size, wanted, sort, after)
        ids = [job.id for job in shown]
        phases, labels = self._progress(ids), labels_of(self._session, ids)
        lines = tuple(JobLine(job, phases.get(job.id, ()), labels.get(job.id, ()), _elapsed(job)) for job in shown)
        return JobPage(lines, following)

    def candidates(
        self,
        job_id: str,
        phase: Phase = "search",
        *,
        page_size: int = 100,
        after: int | None = None,
        sort: CandidateSort = "number",
        wanted: CandidateFilter = CandidateFilter(),  # noqa: B008 - frozen
    ) -> CandidatePage:
        """Return up to `page_size` candidates that come after number `after` in the order of `sort`.

        By fitness the best come first, then those without one by number; by parameters the smallest. Raises
        JobNotFound.
        """
        self._jobs.get(job_id)
        rows = list_candidates(self._session, job_id, phase, wanted, sort, limit=page_size + 1, after=after)
        lines = tuple(_line(row) for row in rows[:page_size])
        return CandidatePage(lines, lines[-1].number if len(rows) > page_size else None)

    def candidate(self, job_id: str, phase: Phase, number: int) -> CandidateDetail | None:
        """Return one candidate with its learning curve; None when there is none of this number."""
        row = self._session.execute(
            candidate_lines()
            .add_columns(evaluations.c.curve)
            .where(candidates.c.job_id == job_id, candidates.c.phase == phase, candidates.c.number == number)
        ).first()
        return None if row is None else CandidateDetail(_line(row), curve_from_json(row.curve) if row.curve else ())

    def _progress(self, job_ids: Sequence[str]) -> dict[str, tuple[Progress, ...]]:
        found: dict[str, list[Progress]] = {}
        for row in self._session.execute(select(progress).where(progress.c.job_id.in_(job_ids))):
            found.setdefault(row.job_id, []).append(progress_from_row(row))
        return {
            job_id: tuple(sorted(phases, key=lambda entry: _IN_TIME[entry.phase])) for job_id, phases in found.items()
        }

    def _best(self, job_id: str, search: Progress) -> BestCandidate | None:
        if search.best_number is None or search.best_fitness is None:
            return None
        architecture = self._session.execute(
            select(candidates.c.architecture).where(
                candidates.c.job_id == job_id,
                candidates.c.phase == search.phase,
                candidates.c.number == search.best_number,
            )
        ).scalar_one()
        return BestCandidate(search.best_number, search.best_fitness, Architecture.from_json(architecture))


def _find(phases: Sequence[Progress], phase: Phase) -> Progress:
    return next((entry for entry in phases if entry.phase == phase), Progress(phase))


def _elapsed(job: Job) -> float:
    if job.started_at is None:
        return 0.0
    # The clock of the wall may have been set back meanwhile.
    return max(0.0, ((job.finished_at or now()) - job.started_at).total_seconds())


def _line(row: Row[Any]) -> CandidateLine:
    candidate = candidate_from_row(row)
    return CandidateLine(
        phase=row.phase,
        number=candidate.number,
        parents=candidate.parents,
        operator=candidate.operator,
        seed=candidate.seed,
        architecture=candidate.architecture,
        training=candidate.training,
        replicates=candidate.replicates,
        stop_after=candidate.stop_after,
        prediction=candidate.prediction,
        parameters=row.parameters,
        layers=row.layers,
        status=row.status,
        fitness=row.fitness,
        standard_error=mean_and_standard_error(row.scores)[1] if row.scores else None,
        error=row.error,
        epochs=row.epochs,
        flops=row.flops,
        seconds=row.seconds,
        worker=row.worker,
        created_at=row.created_at,
        evaluated_at=row.evaluated_at,
    )
