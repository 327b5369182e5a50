"""Runners that come at the same moment: one job has one owner."""

import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import pytest

from service.store.database import Database
from service.store.lease import RunnerIdentity
from tests.service.store.processes import context, join, start
from tests.service.store.samples import ELSEWHERE, claim, create

RUNNERS = 8


@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_one_of_eight_threads_gets_the_job(database: Database, rounds: int) -> None:
    begin, end = threading.Barrier(RUNNERS + 1), threading.Barrier(RUNNERS + 1)
    owners: list[tuple[str, int]] = []
    errors: list[Exception] = []

    def run(number: int) -> None:
        identity = replace(ELSEWHERE, pid=number + 1)
        for _ in range(rounds):
            begin.wait(60)
            try:
                lease = claim(database, identity)
                if lease is not None:
                    owners.append((lease.job_id, lease.number))
            except Exception as error:  # noqa: BLE001 - any is a failure of the test
                errors.append(error)
            end.wait(60)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(RUNNERS)]
    for thread in threads:
        thread.start()
    expected = []
    for _ in range(rounds):
        expected.append((create(database).id, 1))
        begin.wait(60)
        end.wait(60)
    for thread in threads:
        thread.join()

    assert errors == []
    assert owners == expected


def run_rounds(url: str, rounds: int, barrier: Barrier, results: Connection) -> None:
    database = Database(url)
    identity = RunnerIdentity.of_this_process()
    owned = []
    for _ in range(rounds):
        barrier.wait(60)
        lease = claim(database, identity)
        if lease is not None:
            owned.append((lease.job_id, lease.number))
        barrier.wait(60)
    results.send(owned)
    results.close()
    database.close()


@pytest.mark.slow
def test_one_of_eight_processes_gets_the_job(database: Database, database_url: str) -> None:
    rounds = 40
    barrier = context.Barrier(RUNNERS + 1)
    pipes = [context.Pipe(duplex=False) for _ in range(RUNNERS)]
    processes = [start(run_rounds, database_url, rounds, barrier, writer) for _, writer in pipes]
    expected = []
    for _ in range(rounds):
        expected.append((create(database).id, 1))
        barrier.wait(60)
        barrier.wait(60)
    owned = [owner for reader, _ in pipes for owner in reader.recv()]

    assert join(*processes) == [0] * RUNNERS
    assert sorted(owned) == sorted(expected)
