import threading
from pathlib import Path

import pytest

from service.data.prepared import load_dataset
from service.runner.calibration import DATASET, flops_per_second, workers
from service.runner.runner import Runner
from service.settings import Settings
from service.store.database import Database
from service.store.pace import Calibration, latest_calibration
from tests.service.runner.jobs import settings_for

pytestmark = pytest.mark.slow


def test_a_machine_trains_some_flops_per_second(data_dir: Path) -> None:
    # Slower than any machine of this century, and faster than any.
    assert 1e5 < flops_per_second(load_dataset(DATASET, data_dir / "datasets")) < 1e15


def test_the_workers_are_those_of_the_settings(tmp_path: Path) -> None:
    def count(**fields: object) -> int:
        return workers(Settings.model_validate({"data_dir": tmp_path, **fields}))

    assert count(evaluator="serial", workers=8) == 1
    assert count(workers=8) == 8
    assert count(ray_address="head:6379") == 1
    assert count() >= 1


def test_a_runner_without_a_job_measures_its_machine_once(
    database: Database, database_url: str, data_dir: Path
) -> None:
    def measured() -> Calibration | None:
        with database.read() as session:
            return latest_calibration(session)

    stop = threading.Event()
    thread = threading.Thread(target=Runner(database, settings_for(database_url, data_dir), stop).run)
    thread.start()
    try:
        while measured() is None and thread.is_alive():
            thread.join(0.05)
    finally:
        stop.set()
        thread.join()
    found = measured()

    assert found is not None
    assert found.workers == 1
    assert found.flops_per_second > 0
