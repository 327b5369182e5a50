"""How long a job still takes: the work that is left, at the pace of its last trainings.

Left out is what no row tells: the fits of other methods, and what starting the workers takes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from service.job_plan import trainings_of_finalists, trainings_of_the_verdict
from service.job_spec import JobSpec
from service.store.entities import Job, Phase
from service.store.pace import Pace
from service.store.progress import Progress


@dataclass(frozen=True, slots=True)
class JobEstimate:
    """Seconds left for the search and for what follows it, and how they were computed, in a sentence."""

    search_seconds: float
    rest_seconds: float
    flops_per_second: float
    explanation: str


def estimate(job: Job, spec: JobSpec, progress: Callable[[Phase], Progress], recent: Pace | None) -> JobEstimate | None:
    """Return the time that a running job still takes; None where that cannot be told yet."""
    search = progress("search")
    ended = search.evaluated + search.failed
    if job.status != "running" or not search.flops or not search.epochs:
        return None
    pace, source = _pace(job, search, recent)
    if pace is None:
        return None
    flops_per_epoch = search.flops / search.epochs
    left = _search_left(job, spec, search, ended) if job.phase in {None, "search"} else 0.0
    limit = spec.budget.max_seconds
    if limit is not None and job.stopped_at is None:
        left = min(left, max(0.0, limit - job.search_seconds) * pace)
    rest = _rest(spec, progress, search, ended, (search.flops + left) / flops_per_epoch)
    return JobEstimate(
        search_seconds=left / pace,
        rest_seconds=rest * flops_per_epoch / pace,
        flops_per_second=pace,
        explanation=f"{left + rest * flops_per_epoch:.2g} FLOPs are left, at {pace:.2g} per second, {source}; the fits "
        "of other methods are not counted",
    )


def _pace(job: Job, search: Progress, recent: Pace | None) -> tuple[float | None, str]:
    if recent is not None:
        return recent.flops_per_second, f"the pace of the last {recent.measured} trainings"
    if job.search_seconds > 0:
        return search.flops / job.search_seconds, "the pace of the search so far"
    return None, ""


def _search_left(job: Job, spec: JobSpec, search: Progress, ended: int) -> float:
    """Return the FLOPs that the search still takes."""
    if job.stopped_at is not None:
        return search.pending * search.flops / ended
    if spec.budget.evaluations is not None:
        return max(0, spec.budget.evaluations - ended) * search.flops / ended
    return max(0, spec.budget.amount - search.epochs) * search.flops / search.epochs


def _rest(
    spec: JobSpec, progress: Callable[[Phase], Progress], search: Progress, ended: int, search_epochs: float
) -> float:
    """Return the epochs that follow the search, as many of the search's as they cost."""
    final = spec.final_training_config().epochs
    epochs = 0.0
    finalists, verdict = progress("finalists"), progress("final")
    if spec.strategy != "random" and not finalists.proposed:
        epochs += max(0.0, search_epochs - progress("baseline").epochs)
    if not verdict.proposed:
        trainings = trainings_of_finalists(spec, max(ended, search.proposed))
        epochs += max(0, trainings - finalists.evaluated - finalists.failed) * final
    trainings = trainings_of_the_verdict(spec)
    return epochs + max(0, trainings - verdict.evaluated - verdict.failed) * final
