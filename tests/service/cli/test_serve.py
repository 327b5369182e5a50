"""A real service with its runner, used through the command line and killed in parts."""

import json
import os
import signal
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

import numpy as np
import psutil
import pytest

from core.export import load_network
from service.client import Client, ServiceUnavailable
from service.store.database import Database
from service.store.job_repository import JobRepository
from tests.service.cli.commands import cambrian, environment, serving

pytestmark = pytest.mark.slow

SPEC = json.dumps(
    {
        "dataset": "digits-8x8",
        "name": "small",
        "budget": {"evaluations": 10},
        "space": {"max_layers": 2, "max_units": 24},
        "training": {"epochs": 3},
        "verdict": {"seeds": 5},
    }
)
LONG = SPEC.replace('"evaluations": 10', '"evaluations": 100000')


def test_a_job_from_submission_to_the_network(data_dir: Path, tmp_path: Path) -> None:
    with serving(environment(data_dir)) as service:
        env = environment(data_dir, CAMBRIAN_URL=service.url)
        submitted = cambrian("submit", "--spec", "-", "-q", "--seed", "3", env=env, stdin=SPEC)

        job_id = submitted.stdout.strip()
        assert (submitted.returncode, submitted.stderr) == (0, "")
        watched = cambrian("watch", job_id, env=env)
        assert watched.returncode == 0, watched.stderr
        assert "answers" in watched.stdout
        listed = cambrian("jobs", "--json", env=env)
        assert [(job["id"], job["status"]) for job in json.loads(listed.stdout)] == [(job_id, "succeeded")]
        assert job_id in cambrian("jobs", env=env).stdout
        shown = json.loads(cambrian("show", job_id, "--json", env=env).stdout)
        assert shown["job"]["seed"] == 3
        assert shown["verdict"]["sentence"] in watched.stdout.replace("\n", " ")
        assert "LEDGER" in cambrian("show", job_id, env=env).stdout
        saved = cambrian("network", job_id, "-o", str(tmp_path / "found.npz"), env=env)
        assert saved.stdout.strip() == str(tmp_path / "found.npz")
        network = load_network(tmp_path / "found.npz")
        assert network.predict(np.zeros((3, 8, 8), np.float32)).shape == (3,)
        finished = cambrian("cancel", job_id, env=env)
        assert finished.returncode == 4
        assert "succeeded" in finished.stderr


def test_a_refused_spec_names_the_field(data_dir: Path) -> None:
    with serving(environment(data_dir), "--no-runner") as service:
        env = environment(data_dir, CAMBRIAN_URL=service.url)

        answer = cambrian("submit", "digits-8x8", "--evaluations", "0", env=env)

        assert answer.returncode == 4
        assert "/budget/evaluations" in answer.stderr
        assert "1 to 100,000" in answer.stderr
        crooked = '{"dataset": "digits-8x8", "budget": 5}'
        kept = cambrian("submit", "--spec", "-", "--evaluations", "3", env=env, stdin=crooked)
        assert kept.returncode == 4
        assert "/budget" in kept.stderr
        unknown = cambrian("submit", "digits-9x9", env=env)
        assert unknown.returncode == 4
        assert "digits-8x8" in unknown.stderr


def test_cancel_is_quiet_within_seconds_and_watch_says_so(data_dir: Path) -> None:
    with serving(environment(data_dir)) as service:
        env = environment(data_dir, CAMBRIAN_URL=service.url)
        job_id = cambrian("submit", "--spec", "-", "-q", env=env, stdin=LONG).stdout.strip()
        with Client(service.url) as client:
            _wait_for_evaluations(client, job_id, 1)

            assert cambrian("cancel", job_id, env=env).returncode == 0
            asked = time.monotonic()
            watched = cambrian("watch", job_id, env=env)

            assert watched.returncode == 6
            assert time.monotonic() - asked < 5
            assert client.get(job_id)["status"] == "cancelled"


@pytest.mark.parametrize("evaluator", ["serial", "ray"])
def test_a_killed_runner_is_replaced_and_its_job_goes_on(evaluator: str, data_dir: Path) -> None:
    spec = SPEC.replace('"evaluations": 10', '"evaluations": 300')
    env = environment(data_dir, CAMBRIAN_EVALUATOR=evaluator)
    with serving(env) as service, Client(service.url) as client:
        job_id = client.submit(json.loads(spec))["id"]
        _wait_for_evaluations(client, job_id, 60)
        before = [one for one in client.candidates(job_id, phase="search") if one["status"] == "evaluated"]
        (runner,) = psutil.Process(service.process.pid).children()
        family = [runner, *runner.children(recursive=True)]

        runner.kill()

        assert client.wait(job_id)["status"] == "succeeded"
        after = {one["number"]: one for one in client.candidates(job_id, phase="search")}
        assert len(after) == 300
        assert all(after[one["number"]]["fitness"] == one["fitness"] for one in before)
    _, alive = psutil.wait_procs(family, timeout=0)
    assert not alive


@pytest.mark.parametrize(
    ("number", "evaluator"), [(signal.SIGTERM, "serial"), (signal.SIGINT, "serial"), (signal.SIGTERM, "ray")]
)
def test_the_service_ends_with_its_streams_open_and_leaves_nothing_behind(
    number: signal.Signals, evaluator: str, data_dir: Path
) -> None:
    env = environment(data_dir, CAMBRIAN_EVALUATOR=evaluator)
    with serving(env) as service, Client(service.url) as client:
        job_id = client.submit(json.loads(LONG))["id"]
        following = Thread(target=_follow, args=(service.url, job_id))
        following.start()
        _wait_for_evaluations(client, job_id, 60)
        family = psutil.Process(service.process.pid).children(recursive=True)
        assert family
        asked = time.monotonic()

        os.kill(service.process.pid, number)

        assert service.process.wait(10) == 0
        assert time.monotonic() - asked < 10
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive
        following.join()
    assert not [line for line in service.said if "Traceback" in line or "SIGTERM" in line]
    # The job was given back and not lost: the next service goes on with it at once.
    with serving(env, "--no-runner") as service, Client(service.url) as client:
        assert client.get(job_id)["status"] == "running"
    with closing(Database(f"sqlite:///{data_dir}/cambrian.db")) as database, database.read() as session:
        assert JobRepository(session).get(job_id).lease_runner is None


@pytest.mark.parametrize("evaluator", ["serial", "ray"])
def test_nothing_outlives_a_service_that_was_killed(evaluator: str, data_dir: Path) -> None:
    env = environment(data_dir, CAMBRIAN_EVALUATOR=evaluator)
    with serving(env) as service, Client(service.url) as client:
        _wait_for_evaluations(client, client.submit(json.loads(LONG))["id"], 60)
        family = psutil.Process(service.process.pid).children(recursive=True)
        assert family

        service.process.kill()

        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive


def _follow(url: str, job_id: str) -> None:
    with Client(url) as client, suppress(ServiceUnavailable):
        for _ in client.events(job_id, patience=0):
            pass


def _wait_for_evaluations(client: Client, job_id: str, count: int) -> None:
    for event in client.events(job_id):
        if event.type == "evaluated" and event.data["progress"]["evaluated"] >= count:
            return


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_service_and_its_runner_at_once(number: signal.Signals, data_dir: Path) -> None:
    with serving(environment(data_dir)) as service, Client(service.url) as client:
        _wait_for_evaluations(client, client.submit(json.loads(LONG))["id"], 10)
        (runner,) = psutil.Process(service.process.pid).children()
        # It cannot stop by itself any more, so a single signal would be waited for.
        runner.suspend()
        os.kill(service.process.pid, number)
        while service.process.poll() is None and psutil.Process(service.process.pid).net_connections("inet"):
            time.sleep(0.02)

        os.kill(service.process.pid, number)

        assert service.process.wait(5) == 0
        assert not runner.is_running()
