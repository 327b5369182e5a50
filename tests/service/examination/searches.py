"""Jobs whose candidates were really trained, on built-in data, without the runner: rows as a search leaves them."""

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from core.architecture import Architecture, Dense
from core.dataset import Dataset
from core.training import TrainingConfig
from evolution.candidate import Candidate, Evaluation, Prediction
from evolution.evaluation import evaluate_candidate
from service.data.prepared import load_dataset
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease, Phase
from service.store.job_repository import JobRepository
from tests.service.store.samples import claim

WIDTHS = ((), (8,), (16, 8), (24,))
EPOCHS = 4


@cache
def _folder() -> Path:
    return Path(mkdtemp())


@cache
def prepared(name: str) -> Dataset:
    """A built-in data set as a search trains on it."""
    return load_dataset(name, _folder()).standardized()


def lay_out(data_dir: Path) -> None:
    """Put the prepared data sets into a data directory, as a runner does: to read a package takes seconds."""
    for name in ("spirals", "digits-8x8", "iris", "diabetes"):
        prepared(name)
    shutil.copytree(_folder(), data_dir / "datasets", dirs_exist_ok=True)


def candidates_for(dataset: Dataset, **changes: Any) -> list[Candidate]:
    """One candidate for each of a few shapes; each has those before it as parents."""
    return [
        Candidate(
            number=number,
            parents=tuple(range(max(0, number - 2), number)),
            operator="widen" if number else "anchor",
            seed=1000 + number,
            architecture=Architecture(
                dataset.input_shape, tuple(Dense(units, "relu") for units in widths), dataset.outputs
            ),
            training=TrainingConfig(epochs=EPOCHS),
            prediction=Prediction(0.5, 0.1, 0.01) if number else None,
            **changes,
        )
        for number, widths in enumerate(WIDTHS)
    ]


@dataclass(frozen=True)
class Searched:
    """A job that runs, with the lease that its rows were written under."""

    lease: Lease
    evaluations: list[Evaluation]

    @property
    def id(self) -> str:
        return self.lease.job_id


def searched(
    database: Database,
    name: str = "spirals",
    *,
    phase: Phase = "search",
    owner: str | None = None,
    pending: bool = False,
    failed: bool = False,
    **changes: Any,
) -> Searched:
    """Submit and claim a job on a data set, and record its first candidates; a further one waits, or failed."""
    dataset = prepared(name)
    with database.write() as session:
        JobRepository(session, owner).create(f"{name} job", name, {"budget": {"evaluations": 9}}, 7)
    lease = claim(database)
    assert lease is not None
    found = candidates_for(dataset, **changes)
    evaluations = [evaluate_candidate(each, dataset) for each in found]
    more = (
        [Candidate(len(found), (0,), "widen", 5, found[0].architecture, found[0].training)] if pending or failed else []
    )
    if failed:
        evaluations.append(Evaluation(more[0], None, "diverged in epoch 2", (), 0, 0, 0.1))
    with database.write() as session:
        JobRepository(session).set_fingerprint(lease, dataset.fingerprint)
        CandidateRepository(session).record(lease, phase, [*found, *more], evaluations)
    return Searched(lease, evaluations)
