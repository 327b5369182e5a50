"""Every service of docker-compose.yml, rehearsed without containers: real PostgreSQL, a Ray head and two workers."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from service.client import Client
from tests.compose import ROOT
from tests.rehearsal import Rehearsal, database_container

pytestmark = pytest.mark.slow

# Long enough that most of it is trained on the cluster, which takes some seconds to join.
JOB = {
    "dataset": "digits-8x8",
    "budget": {"evaluations": 300},
    "space": {"max_layers": 2, "max_units": 24},
    "training": {"epochs": 4},
    "final": {"finalists": 2, "seeds": 2},
    "verdict": {"seeds": 5, "rivals": False},
}


@pytest.fixture
def rehearsal() -> Iterator[Rehearsal]:
    with tempfile.TemporaryDirectory(prefix="c", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        api_port, ray_port = _free_ports(2)
        rehearsed = Rehearsal(folder, api_port, ray_port)
        subprocess.run([str(ROOT / "deploy" / "make-secrets.sh"), str(rehearsed.secrets)], check=True)
        try:
            with database_container(rehearsed.secrets) as server:
                address = rehearsed.secrets / "database_url"
                text = address.read_text().replace("@postgres:5432/", f"@127.0.0.1:{server.port}/")
                address.unlink()
                address.write_text(text)
                yield rehearsed
                rehearsed.close()
        finally:
            rehearsed.close()


def test_a_job_on_two_workers_from_the_published_port_to_its_verdict(rehearsal: Rehearsal) -> None:
    migrated = rehearsal.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    with psycopg.connect((rehearsal.secrets / "database_url").read_text()) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    refused = rehearsal.start("api")
    assert refused.wait(60) != 0
    assert "token" in rehearsal.log("api"), "without a token nobody may be let in"
    made = rehearsal.run("token")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    rehearsal.start("api")
    rehearsal.start("ray-head")
    rehearsal.wait_until_healthy("ray-head")
    for name in ("worker-1", "worker-2"):
        rehearsal.start("worker", name)
        # One after the other: on one machine they would look for the same free ports.
        rehearsal.wait_for_line(name, "Ray runtime started.")
    rehearsal.start("runner")
    rehearsal.wait_until_healthy("api")
    rehearsal.wait_until_healthy("runner")

    address = f"http://127.0.0.1:{rehearsal.api_port}"
    assert httpx.get(f"{address}/v1/jobs").status_code == 401
    with Client(address, token=token) as client:
        job_id = client.submit(JOB)["id"]
        ended = client.wait(job_id)
        assert ended["status"] == "succeeded", ended
        verdict = client.verdict(job_id)
        candidates = list(client.candidates(job_id, phase="final"))
    assert verdict["sentence"]
    # The runner tells of itself every five seconds.
    deadline = time.monotonic() + 60
    while "cambrian_workers 2.0" not in _metrics(address, token):
        assert time.monotonic() < deadline, _metrics(address, token)
        time.sleep(0.5)
    assert 'cambrian_runners{state="working"} 1.0' in _metrics(address, token)
    # Trained on the cluster, by workers that are no process of the runner's own.
    workers = {candidate["worker"] for candidate in candidates}
    assert len(workers) >= 2, rehearsal.log("runner")
    for name in ("runner", "api"):
        assert rehearsal.stop(name) == 0, rehearsal.log(name)
    secrets = [token] + [path.read_text() for path in rehearsal.secrets.iterdir()]
    for name in ("api", "runner", "ray-head", "worker-1"):
        assert not [secret for secret in secrets if secret in rehearsal.log(name)], f"a secret is in the log of {name}"


def _metrics(address: str, token: str) -> str:
    return httpx.get(f"{address}/metrics", headers={"Authorization": f"Bearer {token}"}).text


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
