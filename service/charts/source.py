"""What a chart is made from: a job, how far it has come, and its candidates, read once for all questions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import ValidationError

from core.metrics import MetricName
from core.training import TrainingConfig
from evolution.metric_words import MetricWords, words_of
from evolution.space import SearchSpace
from evolution.verdict import Verdict
from evolution.wording import listed
from service.job_spec import JobSpec
from service.store.chart_rows import ChartRow, ChartRows
from service.store.entities import Job, Phase
from service.store.insights import JobSummary
from service.store.progress import Progress
from service.store.track_record import AGAIN, TrackRecord, spread_of_repeats

MOST_REPEATS = 500
"""So many trainings of a network again tell the noise of a training to a few percent."""


@dataclass(frozen=True)
class ChartSource:
    """One state of a phase of a job; within the transaction of `rows`."""

    summary: JobSummary
    phase: Phase
    rows: ChartRows

    @property
    def job(self) -> Job:
        """The job."""
        return self.summary.job

    @property
    def metric(self) -> MetricName:
        """What a score is."""
        return self.job.metric

    @property
    def words(self) -> MetricWords:
        """The words of the metric."""
        return words_of(self.metric)

    @property
    def progress(self) -> Progress:
        """How far the phase has come."""
        return self.summary.progress(self.phase)

    @cached_property
    def verdict(self) -> Verdict | None:
        """The job's verdict; its answers are about the search alone, so there is none for the other phases."""
        stored = self.job.verdict
        return None if stored is None or self.phase != "search" else Verdict.from_json(stored)

    @cached_property
    def noise(self) -> float | None:
        """Standard deviation of the score between trainings of one network; None where none was trained twice."""
        again = self.rows.with_operators(AGAIN, MOST_REPEATS)
        firsts = self.rows.numbered({row.parents[0] for row in again if row.parents})
        known = {row.number: row for row in (*firsts, *again)}
        return spread_of_repeats([row for row in known.values() if row.stop_after is None])

    @cached_property
    def record(self) -> TrackRecord:
        """How the operators and the predictions did."""
        return self.rows.record()

    @cached_property
    def space_and_training(self) -> tuple[SearchSpace, TrainingConfig] | None:
        """What the search chose from; None before its first candidate, and where this release cannot read the spec."""
        rows = self.rows.sample.rows
        try:
            spec = JobSpec.model_validate(self.job.spec)
        except ValidationError:
            return None
        if not rows:
            return None
        network = rows[0].architecture
        return spec.search_space(network.input_shape, network.outputs), spec.training_config()

    def sampling(self, *also: str) -> str:
        """Say which candidates a chart of the sample shows."""
        sample = self.rows.sample
        if sample.exact:
            return ""
        parts = [f"{len(sample.even):,} evenly spaced ones", f"the best {sample.best}", *also]
        return f"A sample of {sample.total:,} candidates: {listed(parts)}."

    def even_sampling(self) -> str:
        """Say which candidates a chart of means is about."""
        sample = self.rows.sample
        return "" if sample.exact else f"From {len(sample.even):,} of {sample.total:,} candidates, evenly spaced."


def scored(rows: Sequence[ChartRow]) -> list[tuple[ChartRow, float]]:
    """Return the rows that have a score, with it."""
    return [(row, row.fitness) for row in rows if row.fitness is not None]


def finite(value: float) -> float | None:
    """Return a number that JSON has; the loss of a training that diverged may be none."""
    return value if math.isfinite(value) else None


def notes(*sentences: str) -> str:
    """Join what there is to say."""
    return " ".join(sentence for sentence in sentences if sentence)
