"""PostgreSQL is restarted and killed while clients submit and a runner works: everything goes on by itself."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from service.errors import DatabaseUnavailable
from service.runner.runner import LEASE_SECONDS
from service.store.database import Database
from service.store.entities import now
from service.store.models import evaluations
from service.store.soundness import findings
from tests.postgres import running
from tests.service.api.serving import serving
from tests.service.runner.jobs import SMALL, get, rows
from tests.service.runner.processes import start_runner

pytestmark = pytest.mark.slow

RESTARTS = 10
KILLS = 2
SECONDS = 2.0
"""In which a request is answered while the database is away, but for the slowest in a hundred."""

HANG_SECONDS = 8.0
SPEC = SMALL | {"budget": {"evaluations": 6}, "training": {"epochs": 2}}


@dataclass
class Log:
    """What clients were told: append-only, read when they have ended."""

    acknowledged: list[str] = field(default_factory=list)
    refusals: list[tuple[int, str | None]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def test_restarts_and_kills_of_the_database_lose_nothing(tmp_path: Path, data_dir: Path) -> None:
    log = Log()
    # What was committed is written before it is acknowledged, as in production.
    with running(settings={"synchronous_commit": "on"}) as server:
        url = server.create("reconnecting")
        with closing(Database(url)) as database, serving(tmp_path, database) as served:
            runner = start_runner(url, data_dir)
            try:
                with clients(served.url, log):
                    for number in range(RESTARTS + KILLS):
                        _wait_for_another(log.acknowledged)
                        if number % 6 == 5:
                            server.kill()
                        else:
                            server.interrupt()
                        server.start_again()
                        back = now()
                        # Sooner than its lease ends: the runner goes on with the job that it had.
                        _wait_for(partial(_evaluated_since, database, back), LEASE_SECONDS)
                    _wait_for_another(log.acknowledged)
                assert runner.poll() is None, "the runner ended"
                for job_id in log.acknowledged:
                    _wait_for(partial(_finished, database, job_id))
                assert runner.poll() is None, "the runner ended"
            finally:
                runner.kill()
                runner.wait()
            ended = [get(database, job_id) for job_id in log.acknowledged]
            counts = [len(rows(database, job_id)["search"][1]) for job_id in log.acknowledged]
            with database.read() as session:
                unsound = [finding for finding in findings(session) if not finding.ok]

    assert log.broken == []
    assert {(job.status, job.error) for job in ended} == {("succeeded", None)}
    assert set(counts) == {6}
    assert unsound == []
    # The faults were felt, and answered as they should be.
    assert log.refusals
    assert {status for status, _ in log.refusals} == {503}
    assert all(after is not None and int(after) > 0 for _, after in log.refusals)
    assert sorted(log.seconds)[99 * len(log.seconds) // 100] <= SECONDS
    assert max(log.seconds) <= HANG_SECONDS


@contextmanager
def clients(url: str, log: Log) -> Iterator[None]:
    """Run one client that submits with retries and two that read."""
    ended = threading.Event()

    def ask(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
        began = time.monotonic()
        answer = client.request(method, path, **options)
        log.seconds.append(time.monotonic() - began)
        if answer.status_code >= 500:
            log.refusals.append((answer.status_code, answer.headers.get("Retry-After")))
        return answer

    def submit() -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            while not ended.is_set():
                answer = ask(client, "POST", "/v1/jobs", json=SPEC | {"name": uuid.uuid4().hex})
                if answer.status_code == 202:
                    log.acknowledged.append(answer.json()["id"])
                elif answer.status_code != 503:
                    log.broken.append(answer.text)
                ended.wait(1.0 if answer.status_code == 202 else 0.05)

    def read() -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            while not ended.is_set():
                for path in ("/v1/jobs", "/readyz", *(f"/v1/jobs/{job_id}" for job_id in log.acknowledged[-1:])):
                    answer = ask(client, "GET", path)
                    if answer.status_code not in {200, 503}:
                        log.broken.append(f"{path}: {answer.text}")
                ended.wait(0.02)

    threads = [threading.Thread(target=work) for work in (submit, read, read)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _finished(database: Database, job_id: str) -> bool:
    return get(database, job_id).finished


def _evaluated_since(database: Database, moment: datetime) -> bool:
    with suppress(DatabaseUnavailable), database.read() as session:
        last = session.execute(select(func.max(evaluations.c.created_at))).scalar_one()
        return last is not None and last > moment
    return False


def _wait_for_another(acknowledged: list[str]) -> None:
    told = len(acknowledged)
    _wait_for(lambda: len(acknowledged) > told)


def _wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)
