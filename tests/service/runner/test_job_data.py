"""Jobs on uploaded data: from the file to the verdict, and what happens when the data set is not there any more."""

from pathlib import Path
from typing import Any

import pytest

from service.data.description import ReadOptions
from service.data.encoder import Encoder
from service.dataset_intake import DatasetIntake, dataset_files
from service.job_spec import JobSpec
from service.runner.verification import NotComparable, verify
from service.settings import Settings
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import Job, UploadedDataset
from service.store.job_repository import JobRepository
from service.store.model_repository import ModelRepository
from tests.service.data.tables import flowers
from tests.service.runner.jobs import SMALL, execute, get, network_of, settings_for
from tests.service.store import samples

SPEC: dict[str, Any] = SMALL | {"dataset": "flowers", "budget": {"evaluations": 6}, "training": {"epochs": 4}}

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path / "data")


def upload(database: Database, settings: Settings, content: bytes, owner: str = "local") -> UploadedDataset:
    intake = DatasetIntake(database, settings)
    with intake.receive() as incoming:
        incoming.write(content)
        return intake.accept(owner, "flowers", "Flowers.csv", ReadOptions(target="flower"), incoming)[0]


def submit(database: Database, dataset: UploadedDataset) -> str:
    spec = JobSpec.model_validate(SPEC)
    with database.write() as session:
        jobs = JobRepository(session, dataset.owner)
        return jobs.create(spec.name, spec.dataset, spec.model_dump(), spec.seed, uploaded=dataset).id


def test_from_a_file_to_a_verdict(database: Database, settings: Settings) -> None:
    dataset = upload(database, settings, flowers())

    job = execute(database, settings, submit(database, dataset))

    assert (job.status, job.error) == ("succeeded", None)
    assert job.dataset_fingerprint == dataset.fingerprint
    assert job.verdict is not None
    assert job.verdict["evolved"] == "evolution"
    assert "18 unseen test rows" in " ".join(job.verdict["paragraph"])
    assert network_of(database, job.id)
    with database.read() as session:
        models = ModelRepository(session)
        model = models.of_job(job.id)
        assert model is not None
        # What users need to ask the model is kept with it, as the data set may be deleted.
        encoder = Encoder.from_json(models.encoder(model) or {})
    assert encoder.input_shape == model.architecture.input_shape
    assert [proof.error for proof in model.proofs] == [None] * 3
    with database.read() as session:
        # What is told of built-in data sets has nothing to do with it.
        assert "flowers" not in [row.name for row in DatasetRepository(session).all()]
    assert sum(verify(database, settings, job.id, lambda *_: None).values()) > 6
    DatasetIntake(database, settings).delete("local", "flowers")
    with pytest.raises(NotComparable, match="deleted"):
        verify(database, settings, job.id, lambda *_: None)


def failed(database: Database, settings: Settings, job_id: str) -> str:
    job: Job = execute(database, settings, job_id)

    assert job.status == "failed"
    assert job.error is not None

    return job.error


def test_a_job_whose_files_are_gone(database: Database, settings: Settings) -> None:
    dataset = upload(database, settings, flowers())
    job_id = submit(database, dataset)
    dataset_files(settings).remove(files=[dataset.file_sha256], prepared=[dataset.prepared_key])

    assert failed(database, settings, job_id).startswith("data set flowers cannot be read: its prepared file")


def test_a_job_is_never_run_on_another_data_set_of_the_name(database: Database, settings: Settings) -> None:
    job_id = submit(database, upload(database, settings, flowers()))
    # Only while no unfinished job needs it can it be deleted.
    samples.set_status(database, job_id, "failed")
    DatasetIntake(database, settings).delete("local", "flowers")
    samples.set_status(database, job_id, "queued")
    upload(database, settings, flowers(seed=2))

    assert "deleted" in failed(database, settings, job_id)


def test_a_job_on_arrays_of_another_content(database: Database, settings: Settings) -> None:
    dataset = upload(database, settings, flowers())
    job_id = submit(database, dataset)
    other = upload(database, settings, flowers(seed=2), owner="other")
    files = dataset_files(settings)
    files.prepared_path(dataset.prepared_key).write_bytes(files.prepared_path(other.prepared_key).read_bytes())

    assert "fingerprint" in failed(database, settings, job_id)
    assert get(database, job_id).dataset_fingerprint == dataset.fingerprint
