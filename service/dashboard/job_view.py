"""What the page of a job shows beside what the read model says: how sure a score is, what is spent and what is left."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from evolution.statistics import share_interval
from evolution.verdict import ArmVerdict, Verdict
from service.api.job_data import JobData
from service.api.models import download_of
from service.data.built_in import BUILT_IN
from service.errors import DatasetNotFound
from service.store.entities import DOWNLOAD_FORMATS, DownloadFormat, Job
from service.store.insights import Insights, JobLine, JobSummary
from service.store.model_repository import ModelRepository

PHASE_TITLES: Final = {
    "search": "Search",
    "baseline": "Random search with as many epochs",
    "finalists": "The best networks of both, on fresh seeds",
    "final": "The networks of the verdict, on fresh seeds",
}
_FORMATS: Final[dict[DownloadFormat, str]] = {
    "npz": "Network (.npz)",
    "onnx": "ONNX",
    "snippet": "Python file, NumPy only",
}


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How far off the best score may be: a 95 % interval over validation rows, or a standard error over trainings."""

    low: float | None
    high: float | None
    rows: int | None
    standard_error: float | None
    trainings: int


@dataclass(frozen=True, slots=True)
class Spent:
    """How much of the budget of a search is spent, in its unit."""

    unit: str
    amount: int
    of: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The network that the verdict recommends, and the smallest one that is as good, which may be the same."""

    best: ArmVerdict
    smallest: ArmVerdict | None


@dataclass(frozen=True, slots=True)
class Download:
    """A file of the network: what it is, its path below the service's own, and else why it is not handed out."""

    title: str
    path: str | None
    bytes: int | None
    reason: str | None


def uncertainty_of_best(session: Session, owner: str, summary: JobSummary) -> Uncertainty | None:
    """Return how far off the score of the best candidate may be; None where that was not measured."""
    best, job = summary.best, summary.job
    detail = None if best is None else Insights(session, owner).candidate(job.id, "search", best.number)
    if best is None or detail is None:
        return None
    line = detail.line
    if line.standard_error is not None:
        return Uncertainty(None, None, None, line.standard_error, line.replicates)
    rows = validation_rows(session, job)
    # The interval is one of shares of right answers; no such one is known for the other metrics from one training.
    if job.metric != "accuracy" or rows is None:
        return None
    low, high = share_interval(round(best.fitness * rows), rows)
    return Uncertainty(low, high, rows, None, line.replicates)


def validation_rows(session: Session, job: Job) -> int | None:
    """Return on how many rows the candidates of a job are scored; None where its data set is not there any more."""
    if job.dataset_id is None and job.dataset not in BUILT_IN:
        return None
    try:
        return JobData.of_job(session, job).rows[1]
    except DatasetNotFound:
        return None


def spent(line: JobLine | JobSummary) -> Spent | None:
    """Return how much of the budget is spent; None for a budget of an unknown kind."""
    search = line.progress("search")
    budget = line.job.spec.get("budget")
    for unit, amount in (("evaluations", search.evaluated + search.failed), ("epochs", search.epochs)):
        of = budget.get(unit) if isinstance(budget, dict) else None
        if isinstance(of, int) and of > 0:
            return Spent(unit, min(amount, of), of)
    return None


def recommendation(verdict: Verdict) -> Recommendation | None:
    """Return what a verdict recommends."""
    best = verdict.arm(verdict.evolved)
    if best is None:
        return None
    return Recommendation(best, None if verdict.smallest is None else verdict.arm(verdict.smallest))


def downloads(session: Session, owner: str, job_id: str) -> tuple[Download, ...]:
    """Return the files of the network that a job ended with, those that are not handed out with the reason."""
    model = ModelRepository(session, owner).of_job(job_id)
    if model is None:
        return ()
    found = []
    for name in DOWNLOAD_FORMATS:
        one = download_of(model, name)
        found.append(Download(_FORMATS[name], one.url if one.offered else None, one.bytes, one.reason))
    return tuple(found)
