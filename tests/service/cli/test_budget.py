from pathlib import Path

import pytest

from service.client import Client
from tests.service.cli.commands import cambrian, environment, serving

pytestmark = pytest.mark.slow


def test_a_budget_is_raised_and_replayed_from_the_command_line(data_dir: Path) -> None:
    env = environment(data_dir)
    with serving(env) as service, Client(service.url) as client:
        small = {"space": {"max_units": 32}, "training": {"epochs": 2}}
        job = client.submit({"dataset": "digits-8x8", "budget": {"evaluations": 90_000}, **small})["id"]

        def run(*arguments: str) -> tuple[int, str]:
            answer = cambrian(*arguments, "--url", service.url, env=env)
            return answer.returncode, answer.stdout + answer.stderr

        assert run("budget", job, "--evaluations", "95000") == (0, f"job {job}: the budget is now 95,000 evaluations\n")
        assert client.get(job)["spec"]["budget"]["evaluations"] == 95_000
        code, text = run("budget", job, "--evaluations", "5")
        assert code == 4
        assert "must be at least 95,000" in text
        code, text = run("budget", job)
        assert code == 2
        assert "--max-seconds" in text
        for event in client.events(job):
            if event.type == "evaluated" and event.data["number"] >= 12:
                break
        code, text = run("what-if", job, "--evaluations", "6")
        assert code == 0
        assert "with 6 evaluations (12 epochs) this network would have been recommended" in text
        code, text = run("what-if", job, "--evaluations", "100000")
        assert code == 4
        assert "must be at most" in text
        client.cancel(job)
