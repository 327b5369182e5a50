"""`cambrian report` as a user runs it: files that are whole, never replaced unasked, and nothing else on stdout."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.cli.report import write_whole
from service.client import Client
from service.store.database import Database
from tests.evolution.verdicts import arm, verdict_of
from tests.service.api.serving import serving
from tests.service.cli.commands import cambrian, environment
from tests.service.report.jobs import judged


@dataclass(frozen=True)
class Served:
    """A service with a job that has succeeded."""

    url: str
    job_id: str
    env: dict[str, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("service")
    file = folder / "cambrian.db"
    shutil.copyfile(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    job_id = judged(database, verdict_of(arm("evolution", 0.9)).to_json(), name="digits")
    with serving(folder, database) as running:
        yield Served(running.url, job_id, environment(folder, CAMBRIAN_URL=running.url))
    database.close()


@pytest.mark.slow
def test_html_goes_to_a_file_of_its_own(served: Served, tmp_path: Path) -> None:
    told = cambrian("report", served.job_id, env=served.env, cwd=tmp_path)
    name = f"cambrian-{served.job_id}.html"

    assert (told.returncode, told.stdout, told.stderr) == (0, f"{name}\n", "")
    assert (tmp_path / name).read_text().startswith("<!doctype html>")
    assert os.listdir(tmp_path) == [name]

    before = (tmp_path / name).stat().st_mtime_ns
    again = cambrian("report", served.job_id, env=served.env, cwd=tmp_path)

    assert (again.returncode, again.stdout) == (2, "")
    assert "--force" in again.stderr
    assert (tmp_path / name).stat().st_mtime_ns == before
    assert cambrian("report", served.job_id, "--force", env=served.env, cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_the_others_go_to_stdout_unless_a_file_is_named(served: Served, tmp_path: Path) -> None:
    document = cambrian("report", served.job_id, "--json", env=served.env, cwd=tmp_path)
    text = cambrian("report", served.job_id, "--format", "markdown", "--output", "out.md", env=served.env, cwd=tmp_path)

    assert json.loads(document.stdout)["job"]["id"] == served.job_id
    assert document.stderr == ""
    assert (text.returncode, text.stdout) == (0, "out.md\n")
    assert (tmp_path / "out.md").read_text().startswith("# digits\n")


@pytest.mark.slow
def test_what_cannot_be_leaves_no_file(served: Served, tmp_path: Path) -> None:
    unknown = cambrian("report", "../nothing", env=served.env, cwd=tmp_path)
    nowhere = cambrian("report", served.job_id, "-o", "missing/out.html", env=served.env, cwd=tmp_path)
    both = cambrian("report", served.job_id, "--json", "-f", "html", env=served.env, cwd=tmp_path)

    assert (unknown.returncode, nowhere.returncode, both.returncode) == (4, 1, 2)
    assert "missing" in nowhere.stderr
    assert "Traceback" not in unknown.stderr + nowhere.stderr + both.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_the_client_returns_the_files(served: Served) -> None:
    with Client(served.url) as client:
        assert json.loads(client.report(served.job_id))["format"] == 1
        assert client.report(served.job_id, "markdown").startswith(b"# digits")


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "out.html", b"half", force=True)

    assert os.listdir(tmp_path) == []


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    path.write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        write_whole(path, b"ours", force=False)

    assert path.read_bytes() == b"another's"
    assert os.listdir(tmp_path) == ["out.html"]

    write_whole(path, b"ours", force=True)

    assert path.read_bytes() == b"ours"
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
