import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.access.caller import LOCAL_OWNER
from service.store.database import Database
from tests.service.api.serving import Running, serving
from tests.service.report.jobs import change
from tests.service.runner.jobs import execute, settings_for, submit


@dataclass(frozen=True)
class Finished:
    """A service with a job that a runner has really run."""

    running: Running
    database: Database
    job_id: str


@pytest.fixture(scope="package")
def finished(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Finished]:
    folder = tmp_path_factory.mktemp("report")
    file = folder / "cambrian.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    database = Database(url)
    job_id = submit(database, verdict={"seeds": 5, "rivals": True})
    job = execute(database, settings_for(url, folder), job_id)

    assert job.status == "succeeded", job.error

    change(database, job_id, owner=LOCAL_OWNER)
    with serving(folder, database) as running:
        yield Finished(running, database, job_id)
    database.close()
