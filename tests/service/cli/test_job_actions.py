import json
from pathlib import Path

import pytest

from service.client import Client
from tests.service.cli.commands import cambrian, environment, serving

pytestmark = pytest.mark.slow


def test_what_is_done_with_a_job_from_the_command_line(data_dir: Path) -> None:
    env = environment(data_dir)
    with serving(env) as service, Client(service.url) as client:
        small = {"space": {"max_units": 32}, "training": {"epochs": 2}}

        def run(*arguments: str) -> tuple[int, str]:
            answer = cambrian(*arguments, "--url", service.url, env=env)
            return answer.returncode, answer.stdout + answer.stderr

        code, text = run("submit", "digits-8x8", "--evaluations", "5", "--dry-run")
        assert code == 0
        assert "structures" in text
        assert "PHASE" in text
        assert "time: " in text
        assert list(client.jobs()) == []

        job = client.submit({"dataset": "digits-8x8", "budget": {"evaluations": 90_000}, **small})["id"]
        code, text = run("pause", job)
        assert code == 0
        assert "paus" in text
        assert run("label", job, "b", "a") == (0, "a\nb\n")
        assert run("label", job, "--remove", "b") == (0, "a\n")
        assert run("note", job, "two\nlines") == (0, f"job {job}: its notes have 9 characters\n")
        assert run("note", job) == (0, "two\nlines\n")
        assert run("archive", job) == (0, f"job {job} is archived\n")
        assert run("jobs", "--json") == (0, "[]\n")
        code, text = run("jobs", "--json", "--archived", "true", "--label", "a", "--sort", "name")
        assert [one["id"] for one in json.loads(text)] == [job]
        assert run("archive", job, "--undo")[0] == 0
        code, text = run("clone", job, "--set", "seed=8", "--set", "budget.evaluations=3", "-q")
        clone = text.strip()
        assert client.get(clone)["spec"]["budget"]["evaluations"] == 3
        assert client.get(clone)["cloned_from"] == job
        assert run("clone", job, "--set", "seed")[0] == 2
        assert run("clone", job, "--set", "sede=8")[0] == 4
        assert run("cancel", clone)[0] == 0
        assert run("wait", clone)[0] == 6
        assert run("resume", job)[0] == 0
        code, text = run("jobs", "--sort", "shortest")
        assert code == 4
        assert "best_score" in text
        assert run("cancel", job)[0] == 0
        assert run("wait", job, "--json")[0] == 6
        assert run("delete", job) == (0, f"job {job}: deleted\n")
        assert run("delete", job)[0] == 4
