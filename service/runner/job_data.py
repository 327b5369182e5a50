"""The data that a job runs on: a built-in data set, or the one that was uploaded when the job was submitted."""

import logging
from dataclasses import replace
from pathlib import Path

from core.dataset import Dataset
from service.data.encoder import Encoder
from service.data.errors import DatasetUnavailable
from service.data.prepared import load_dataset, load_prepared
from service.dataset_intake import dataset_files
from service.errors import DatasetNotFound
from service.settings import Settings
from service.store.database import Database
from service.store.entities import Job
from service.store.uploaded_dataset_repository import UploadedDatasetRepository

log = logging.getLogger(__name__)


def load_job_data(database: Database, settings: Settings, job: Job) -> tuple[Dataset, Encoder | None]:
    """Return the data set of a job, with its test rows and not standardized, and what encodes further rows alike.

    A built-in data set has no encoder: its rows are the inputs. Raises DatasetUnavailable.

    Whether it still is what it was when the job began is for the caller to see, by its fingerprint.
    """
    if job.dataset_id is None:
        return load_dataset(job.dataset, Path(settings.data_dir) / "datasets"), None
    try:
        with database.read() as session:
            uploaded = UploadedDatasetRepository(session, job.owner).get_by_id(job.dataset_id)
    except DatasetNotFound as error:
        raise DatasetUnavailable(job.dataset, "it was deleted; upload it again and submit the job anew") from error
    try:
        dataset, encoder = load_prepared(dataset_files(settings).prepared_path(uploaded.prepared_key))
    except DatasetUnavailable as error:
        log.error("job %s: %s", job.id, error)
        raise DatasetUnavailable(
            job.dataset,
            "its prepared file is missing or damaged here; delete the data set and upload it again (a runner on "
            "another machine needs the data directory of the service)",
        ) from error
    return replace(dataset, name=job.dataset), encoder
