from pathlib import Path

import pytest

from service.client import Client
from tests.service.cli.commands import cambrian, environment, serving

pytestmark = pytest.mark.slow


def test_jobs_that_wait_are_moved_from_the_command_line(data_dir: Path) -> None:
    env = environment(data_dir)
    with serving(env, "--no-runner") as service, Client(service.url) as client:

        def run(*arguments: str) -> tuple[int, str]:
            answer = cambrian(*arguments, "--url", service.url, env=env)
            return answer.returncode, answer.stdout + answer.stderr

        code, text = run("submit", "digits-8x8", "--priority", "-3", "-q")
        job = text.strip()

        assert code == 0
        assert client.get(job)["priority"] == -3
        assert run("priority", job, "5") == (0, f"job {job}: the priority is now 5\n")
        assert run("priority", job, "-7") == (0, f"job {job}: the priority is now -7\n")
        assert client.get(job)["priority"] == -7
        code, text = run("priority", job, "11")
        assert code == 4
        assert "from -10 to 10" in text
        client.cancel(job)
        code, text = run("priority", job, "1")
        assert code == 4
        assert "it is cancelled" in text
