"""A client that another project generates from the API's description, for languages and people that we never met."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.service.api.fuzzing import service

GENERATOR = Path(sys.prefix) / "generator" / "bin"
# Media types that the generator does not know by name, but could read as bytes.
BYTES = ("application/x-npz", "application/zip", "application/vnd.apache.parquet", "text/csv", "text/x-python")
CONFIGURATION = {"content_type_overrides": dict.fromkeys(BYTES, "application/octet-stream")}
PROGRAM = """
import sys, time
from cambrian_client import Client
from cambrian_client.api.events import list_events
from cambrian_client.api.jobs import get_job, list_jobs, submit_job
from cambrian_client.api.networks import get_network
from cambrian_client.api.verdicts import get_verdict
from cambrian_client.models import JobRequest, JobResponseStatus

with Client(base_url=sys.argv[1], raise_on_unexpected_status=True) as client:
    spec = JobRequest.from_dict({
        "dataset": "iris",
        "budget": {"evaluations": 6},
        "training": {"epochs": 2},
        "final": {"finalists": 1, "seeds": 2},
        "verdict": {"rivals": False},
    })
    job = submit_job.sync(client=client, body=spec)
    ended = {JobResponseStatus.SUCCEEDED, JobResponseStatus.FAILED, JobResponseStatus.CANCELLED}
    while job.status not in ended:
        time.sleep(0.2)
        job = get_job.sync(client=client, job_id=job.id)
    verdict = get_verdict.sync(client=client, job_id=job.id)
    network = get_network.sync(client=client, job_id=job.id)
    listed = list_jobs.sync(client=client)
    print(job.status.value, [one.id for one in listed.jobs] == [job.id], bool(verdict.sentence), sep="|")
    sys.stdout.flush()
    sys.stdout.buffer.write(network.payload.read())
"""


@pytest.mark.slow
@pytest.mark.skipif(not GENERATOR.exists(), reason="the generator is not installed; `make test` installs it")
def test_a_generated_client_goes_from_a_submission_to_the_network(postgres_url: str, tmp_path: Path) -> None:
    (tmp_path / "configuration.json").write_text(json.dumps(CONFIGURATION))
    with service(postgres_url, tmp_path) as url:
        (tmp_path / "openapi.json").write_bytes(httpx.get(f"{url}/openapi.json").content)
        command = [str(GENERATOR / "openapi-python-client"), "generate", "--path", "openapi.json", "--meta", "none"]
        command += ["--config", "configuration.json", "--output-path", "cambrian_client"]
        generated = subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

        assert generated.returncode == 0, generated.stdout + generated.stderr
        assert "omitted" not in generated.stdout

        (tmp_path / "program.py").write_text(PROGRAM)
        done = subprocess.run(
            [GENERATOR / "python", "program.py", url], cwd=tmp_path, env={}, capture_output=True, check=False
        )

    assert done.returncode == 0, done.stderr.decode()

    line, _, network = done.stdout.partition(b"\n")

    assert line == b"succeeded|True|True"
    assert network.startswith(b"PK")
