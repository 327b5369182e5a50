from collections.abc import Iterator

import pytest

from service.report.files import EXTENSIONS, write_report
from service.store.database import Database
from service.store.progress import Improvement, Progress, save_progress
from tests.service.report.jobs import change, report_of
from tests.service.store.many_candidates import job_with

pytestmark = pytest.mark.slow

COUNT = 10_000


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@pytest.mark.slow
def test_a_report_of_many_candidates_is_of_a_sample_and_says_so(database: Database) -> None:
    job_id = job_with(database, COUNT)
    change(database, job_id, owner="local", spec={"format": 1, "budget": {"evaluations": COUNT}})
    with database.write() as session:
        best = Improvement(299, 299 / 300)
        save_progress(
            session, job_id, Progress("search", COUNT, 9_600, 200, COUNT, 1e9, 1.0, 299, 299 / 300, 5, (best,))
        )
    report = report_of(database, job_id)
    charts = {one["chart"]: one for one in report["charts"]}

    assert f"of {COUNT:,} candidates" in charts["candidates"]["note"]
    assert len(charts["candidates"]["rows"]) < 3_000
    assert len(report["leaders"]) == 25
    for format_ in EXTENSIONS:
        assert len(write_report(report, format_)) < 10_000_000
