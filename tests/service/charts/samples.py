"""Small jobs whose charts can be worked out by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.training import Epoch
from evolution.candidate import Candidate, Evaluation, Prediction
from service.charts.chart import Chart, ChartName
from service.charts.rendering import read_chart
from service.job_spec import JobSpec
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease, Phase
from service.store.job_repository import JobRepository
from tests.service.store.samples import candidate, claim, evaluation

REGRESSION = {"dataset": "diabetes", "metric": "r2", "budget": {"evaluations": 40}}
CLASSIFICATION = {"dataset": "digits-8x8", "budget": {"evaluations": 64}, "space": {"max_layers": 3, "max_units": 64}}


def begin(database: Database, spec: Mapping[str, Any] = CLASSIFICATION) -> Lease:
    """Submit a job and take it."""
    read = JobSpec.model_validate({"name": "job", **spec})
    with database.write() as session:
        JobRepository(session).create(read.name, read.dataset, read.model_dump(mode="json"), 7)
    lease = claim(database)

    assert lease is not None

    return lease


def record(database: Database, lease: Lease, evaluations: Sequence[Evaluation], phase: Phase = "search") -> None:
    """Store evaluations with their candidates."""
    with database.write() as session:
        CandidateRepository(session).record(lease, phase, [each.candidate for each in evaluations], evaluations)


def propose(database: Database, lease: Lease, proposed: Sequence[Candidate]) -> None:
    """Store candidates that are still without an evaluation."""
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", proposed, [])


def child(number: int, *widths: int, parents: tuple[int, ...] = (), **changes: Any) -> Candidate:
    """Return a candidate whose input is that of the small digits."""
    made = candidate(number, *(widths or (number % 60 + 4,)), parents=parents, **changes)
    return replace(made, architecture=replace(made.architecture, input_shape=(8, 8)))


def trained(of: Candidate, fitness: float | None, **changes: Any) -> Evaluation:
    """Return an evaluation with a curve that ends at the fitness."""
    end = 0.0 if fitness is None else fitness
    curve = (Epoch(2.0, 2.1, end / 2), Epoch(1.0, 1.1, end))
    return evaluation(of, fitness, **{"curve": curve, **changes})


def many(count: int, seed: int = 0) -> list[Evaluation]:
    """Return so many evaluations with parents, predictions, repeats and failures, as a search makes them."""
    rng = np.random.default_rng(seed)
    found: list[Evaluation] = []
    for number in range(count):
        widths = tuple(int(width) for width in rng.integers(2, 64, rng.integers(0, 4)))
        operator, parents = ("anchor", ()) if number < 3 else ("widen+narrow", (int(rng.integers(number)),))
        prediction = None if number < 3 else Prediction(float(rng.uniform(0.5, 0.9)), 0.05, 0.01)
        made = replace(child(number, 4, parents=parents), operator=operator, prediction=prediction)
        made = replace(
            made, architecture=replace(made.architecture, layers=child(0, *(widths or (2,))).architecture.layers)
        )
        if not widths:
            made = replace(made, architecture=replace(made.architecture, layers=()))
        if number > 5 and number % 7 == 0:
            first = found[number - 1].candidate
            made = replace(first, number=number, operator="repeat", parents=(number - 1,), seed=number)
        score = None if number % 11 == 10 else float(rng.uniform(0.5, 0.95))
        found.append(trained(made, score, seconds=float(rng.uniform(0.01, 0.2)), worker=f"vm/{number % 3}"))
    return found


def chart_of(database: Database, lease: Lease, name: ChartName, phase: Phase = "search") -> Chart:
    """Return a chart as it stands."""
    return read_chart(database, None, lease.job_id, phase, name)[0]
