"""The commands that act on jobs, run in this process against a real server; no runner is needed for any of them."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.cli import main
from service.client import Client
from service.store.database import Database
from tests.service.api.serving import serving

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def client(sqlite_url: str, tmp_path: Path) -> Iterator[Client]:
    database = Database(sqlite_url)
    with serving(tmp_path, database) as started, Client(started.url) as opened:
        yield opened
    database.close()


@pytest.fixture
def run(client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("CAMBRIAN_URL", str(client._http.base_url))

    def run_command(*arguments: str) -> tuple[int, str]:
        """Return the exit code, and stdout with stderr behind it."""
        monkeypatch.setattr(sys, "argv", ["cambrian", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.run()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run_command


@pytest.fixture
def job(client: Client) -> str:
    return str(client.submit({"dataset": "digits-8x8", "name": "mine"})["id"])


def test_a_dry_run_submits_nothing(run: Run, client: Client) -> None:
    code, text = run("submit", "digits-8x8", "--evaluations", "5", "--dry-run")

    assert code == 0
    assert "structures (0 to 3 dense layers" in text
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("search")] == [["search", "5", "40"]]
    assert "time: unknown: no job has finished yet" in text
    assert json.loads(run("submit", "digits-8x8", "--dry-run", "--json")[1])["time"]["basis"] == "unknown"
    assert run("submit", "digits-8x8", "--evaluations", "0", "--dry-run")[0] == 4
    assert list(client.jobs()) == []


def test_a_job_is_paused_and_goes_on(run: Run, client: Client, job: str) -> None:
    assert run("pause", job) == (0, f"job {job} is paused\n")
    assert client.get(job)["status"] == "paused"
    assert json.loads(run("resume", job, "--json")[1])["status"] == "queued"
    assert run("resume", job) == (0, f"job {job} waits for a runner\n")


def test_what_an_owner_writes_on_a_job(run: Run, client: Client, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("label", job, "b", "a") == (0, "a\nb\n")
    assert run("label", job, "c", "--remove", "b") == (0, "a\nc\n")
    assert run("note", job, "two\nlines") == (0, f"job {job}: its notes have 9 characters\n")
    assert run("note", job) == (0, "two\nlines\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("from stdin"))
    assert json.loads(run("note", job, "-", "--json")[1])["notes"] == "from stdin"
    assert run("archive", job) == (0, f"job {job} is archived\n")
    assert run("jobs", "--json") == (0, "[]\n")
    listed = json.loads(
        run("jobs", "--json", "--archived", "true", "--label", "a", "--sort", "name", "--name", "MIN")[1]
    )
    assert [one["id"] for one in listed] == [job]
    assert run("jobs", "--label", "none")[1].endswith("no job is like that\n")
    assert run("archive", job, "--undo") == (0, f"job {job} is out of the archive\n")
    code, text = run("jobs", "--sort", "shortest")
    assert code == 4
    assert "best_score" in text


def test_a_clone_with_changes(run: Run, client: Client, job: str) -> None:
    code, text = run("clone", job, "--set", "seed=8", "--set", "budget.evaluations=3", "--set", "name=plain text", "-q")
    clone = client.get(text.strip())

    assert code == 0
    assert (clone["cloned_from"], clone["seed"], clone["name"]) == (job, 8, "plain text")
    assert clone["spec"]["budget"]["evaluations"] == 3
    assert "cambrian watch" in run("clone", job)[1]
    assert "cloned_from" in run("clone", job, "--json")[1]
    for wrong in ("seed", "=5", ".a=5", "a..b=5"):
        assert run("clone", job, "--set", wrong)[0] == 2
    assert run("clone", job, "--set", "budget=1", "--set", "budget.epochs=2")[0] == 2
    assert run("clone", job, "--set", "sede=8")[0] == 4


def test_a_job_is_waited_for_and_deleted(run: Run, job: str) -> None:
    assert run("cancel", job)[0] == 0
    assert run("wait", job) == (6, f"job {job} was cancelled\n")
    assert run("delete", job) == (0, f"job {job}: deleted\n")
    assert run("delete", job)[0] == 4
