"""Runners in processes of their own: many that share a queue, and one that was stopped past its lease."""

import logging
import os
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from service.runner import runner as runner_module
from service.runner.runner import Runner
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.models import datasets, events, jobs
from tests.service.runner.jobs import execute, get, rows, settings_for, submit, without_seconds
from tests.service.store.processes import context, join, start
from tests.service.store.samples import claim, dump

pytestmark = pytest.mark.slow

RUNNERS = 8
OWNERS = ("ada", "charles", "grace", "alan")
SECONDS = 120.0
SHORT_LEASE = 1.0
ROUNDS = 2


def run(url: str, data_dir: Path, stop: Event) -> None:
    database = Database(url)
    Runner(database, settings_for(url, data_dir), cast("threading.Event", stop)).run()
    database.close()


def test_eight_runners_share_two_hundred_jobs(database: Database, database_url: str, data_dir: Path) -> None:
    # A spec of another release ends its job at once: what is left is the queue.
    with database.write() as session:
        waiting = [
            JobRepository(session, OWNERS[number % len(OWNERS)]).create("small", "iris", {"format": 2}, number).id
            for number in range(200)
        ]
    stop = context.Event()
    processes = [start(run, database_url, data_dir, stop) for _ in range(RUNNERS)]
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and claimable(database):
        time.sleep(0.05)
    stop.set()

    assert join(*processes) == [0] * RUNNERS
    with database.read() as session:
        ended = session.execute(select(jobs.c.id, jobs.c.status, jobs.c.lease_number, jobs.c.turn)).all()
        told = session.execute(select(events.c.job_id, events.c.data).where(events.c.type == "status")).all()
    # Each was taken once, by one runner, in a turn of its own, and none was lost.
    assert sorted(row.id for row in ended) == sorted(waiting)
    assert {(row.status, row.lease_number) for row in ended} == {("failed", 1)}
    assert sorted(row.turn for row in ended) == list(range(1, 201))
    claims = Counter(row.job_id for row in told if row.data["status"] == "running")
    assert set(claims.values()) == {1}
    assert len(claims) == 200


def claimable(database: Database) -> bool:
    with database.read() as session:
        return session.execute(select(jobs.c.id).where(jobs.c.status.in_(("queued", "running")))).first() is not None


def run_on_a_short_lease(url: str, data_dir: Path, stop: Event, said: Connection) -> None:
    class Telling(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.send(record.getMessage())

    logging.getLogger("service.runner.runner").addHandler(Telling(logging.WARNING))
    runner_module.LEASE_SECONDS = SHORT_LEASE
    if url.startswith("postgresql:"):
        url += "?options=-c%20idle_in_transaction_session_timeout%3D1s"
    run(url, data_dir, stop)


def test_a_runner_that_was_stopped_past_its_lease_writes_nothing(
    database: Database, database_url: str, data_dir: Path
) -> None:
    spec = {"budget": {"evaluations": 60}, "training": {"epochs": 3}, "verdict": {"seeds": 5, "rivals": False}}
    undisturbed = execute(database, settings_for(database_url, data_dir), whole := submit(database, **spec))
    job_id = submit(database, **spec)
    for _ in range(ROUNDS):
        reader, writer = context.Pipe(duplex=False)
        stop = context.Event()
        process = start(run_on_a_short_lease, database_url, data_dir, stop, writer)
        assert process.pid is not None
        try:
            enough = evaluated(database, job_id) + 5
            wait_until(lambda enough=enough: evaluated(database, job_id) > enough)  # type: ignore[misc]
            stop_between_transactions(process.pid, database_url)
            wait_until(lambda: claim(database) is not None)
            taken = written(database)
            os.kill(process.pid, signal.SIGCONT)

            assert reader.poll(SECONDS)
            # On PostgreSQL it may have been stopped within a transaction, which the server has ended.
            assert re.search("the lease was lost|database does not answer", reader.recv())
            assert written(database) == taken
        finally:
            os.kill(process.pid, signal.SIGCONT)
            stop.set()
            join(process)
        with database.write() as session:
            session.execute(jobs.update().where(jobs.c.id == job_id).values(lease_runner=None))

    ended = execute(database, settings_for(database_url, data_dir), job_id)

    assert ended.lease_number == 2 * ROUNDS + 1
    assert rows(database, job_id) == rows(database, whole)
    assert without_seconds(ended.verdict) == without_seconds(undisturbed.verdict)
    assert get(database, whole) == undisturbed


def stop_between_transactions(pid: int, url: str) -> None:
    """Stop a process; on SQLite not within a transaction, whose lock it would keep from everybody until it goes on."""
    os.kill(pid, signal.SIGSTOP)
    while url.startswith("sqlite:"):
        try:
            connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0)
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.01)
            os.kill(pid, signal.SIGSTOP)
        else:
            return
        finally:
            connection.close()


def evaluated(database: Database, job_id: str) -> int:
    return len(rows(database, job_id)["search"][1])


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline

        time.sleep(0.02)


def written(database: Database) -> object:
    """Everything but the data sets, which a runner with nothing to do prepares."""
    found = dump(database)
    del found[datasets.name]
    return found
