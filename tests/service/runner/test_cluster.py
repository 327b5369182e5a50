"""A runner process that joins a Ray cluster of two nodes, one of which is killed in mid-search."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from service.store.database import Database
from tests.evolution.ray_nodes import ray_nodes
from tests.service.runner.jobs import execute, get, network_of, rows, settings_for, submit, without_seconds
from tests.service.runner.processes import runners

pytestmark = pytest.mark.slow

LONGER = {"dataset": "digits-16x16", "budget": {"evaluations": 80}, "training": {"epochs": 12}, "verdict": {"seeds": 5}}
SECONDS = 180.0


def test_the_winner_is_the_same_when_a_node_dies_in_mid_search(sqlite_url: str, data_dir: Path) -> None:
    database = Database(sqlite_url)
    alone = execute(database, settings_for(sqlite_url, data_dir), submit(database, **LONGER))
    job_id = submit(database, **LONGER)

    # Ray's socket names must be short, so the cluster does not live in pytest's folder.
    with TemporaryDirectory(prefix="n") as folder, ray_nodes(Path(folder), 1) as nodes:
        second = nodes.add(1)
        joined = {
            "CAMBRIAN_EVALUATOR": "ray",
            "CAMBRIAN_RAY_ADDRESS": nodes.address,
            "CAMBRIAN_RAY_TOKEN_PATH": str(nodes.token_path),
        }
        with runners(1, sqlite_url, data_dir, **joined):
            _wait_for(database, job_id, 20)
            nodes.kill(second)
            killed_at = len(rows(database, job_id)["search"][1])
            _wait_for(database, job_id, None)

    ended = get(database, job_id)
    assert ended.status == "succeeded", ended.error
    assert 20 <= killed_at < 80
    assert rows(database, job_id) == rows(database, alone.id)
    assert network_of(database, job_id) == network_of(database, alone.id)
    assert without_seconds(ended.verdict) == without_seconds(alone.verdict)
    database.close()


def _wait_for(database: Database, job_id: str, evaluations: int | None) -> None:
    """Wait until so many candidates of the search were evaluated, or, with None, until the job has ended."""
    deadline = time.monotonic() + SECONDS
    while not get(database, job_id).finished:
        assert time.monotonic() < deadline, "the job takes too long"
        if evaluations is not None and len(rows(database, job_id)["search"][1]) >= evaluations:
            return
        time.sleep(0.05)
