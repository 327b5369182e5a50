"""What a user does with a model, at the command line, against a real service."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.export import load_network
from service.access.caller import LOCAL_OWNER
from service.cli.main import run
from service.client import Client, ProblemError
from service.store.database import Database
from service.store.model_repository import Model
from tests.service.api.serving import Running, serving
from tests.service.models import finished, found_networks, raw_rows

pytestmark = pytest.mark.slow

NETWORK = found_networks()["dropout"]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("models") / "cambrian.db"
    shutil.copyfile(sqlite_template, file)
    opened = Database(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def model(database: Database) -> Model:
    return finished(database, NETWORK, owner=LOCAL_OWNER, name="a \x1b[31mname", failures=["onnx"])


@pytest.fixture(scope="module")
def running(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("service"), database) as started:
        yield started


@pytest.fixture
def command(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """The command, run in this process: a process of its own takes seconds to load."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMBRIAN_URL", running.url)

    def run_command(*arguments: str, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["cambrian", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            run()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run_command


def test_models_are_listed_and_shown(command: Run, model: Model) -> None:
    listed = command("model", "list")
    shown = command("model", "show", model.id)

    assert "90.0% (80.0% to 100.0%)" in listed.stdout
    assert "npz snippet" in listed.stdout
    assert "\x1b" not in listed.stdout + shown.stdout
    assert json.loads(command("model", "list", "--json").stdout)[0]["id"] == model.id
    assert json.loads(command("model", "show", model.id, "--json").stdout)["sha256"] == model.sha256
    assert "4 x 4 numbers" in shown.stdout
    assert shown.stderr == "onnx: it was tampered with\n"


def test_a_model_is_downloaded_once_it_is_proven(command: Run, model: Model, tmp_path: Path) -> None:
    taken = command("model", "download", model.id, "--format", "snippet")
    refused = command("model", "download", model.id)
    command("model", "download", model.id, "-f", "npz", "-o", "mine.npz")
    rows = raw_rows(NETWORK)
    np.save(tmp_path / "rows.npy", rows)
    told = subprocess.run(
        [sys.executable, "-P", taken.stdout.strip(), "rows.npy"], cwd=tmp_path, capture_output=True, check=True
    )

    assert json.loads(told.stdout) == NETWORK.predict(rows).tolist()
    assert load_network(tmp_path / "mine.npz").architecture == NETWORK.architecture
    assert refused.returncode == 4
    assert "Download not proven" in refused.stderr
    assert not list(tmp_path.glob("*.onnx"))


def test_rows_of_files_are_answered(command: Run, model: Model, tmp_path: Path) -> None:
    rows = raw_rows(NETWORK, 1_200)
    probabilities = NETWORK.predict_probabilities(rows)
    text = "\n".join(",".join(repr(float(cell)) for cell in row.ravel()) for row in rows)
    lines = command("model", "predict", model.id, stdin=text).stdout.splitlines()

    # In parts, whose products need not have the bits of one.
    assert len(lines) == 1_200
    answers = [json.loads(line) for line in lines]
    np.testing.assert_allclose([one["probabilities"] for one in answers], probabilities, rtol=0, atol=1e-5)
    assert set(answers[0]) == {"class_name", "probabilities"}

    (tmp_path / "rows.json").write_text(json.dumps({"rows": rows[:3].tolist()}))
    table = list(csv.reader(io.StringIO(command("model", "predict", model.id, "rows.json", "--csv").stdout)))

    # A spreadsheet would compute what begins with an equals sign.
    assert table[0] == ["class", "nought", "'=1+1", "two"]
    assert len(table) == 4
    document = command("model", "predict", model.id, "rows.json", "--json").stdout
    assert [one["class_name"] for one in json.loads(document)] == [row[0].removeprefix("'") for row in table[1:]]

    refused = command("model", "predict", model.id, stdin="1,2,3\n")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "/rows/0: must be a list of 4 lists of 4 numbers" in refused.stderr
    empty = command("model", "predict", model.id, "none.csv")
    assert empty.returncode == 2
    assert "none.csv" in empty.stderr


def test_the_record_of_a_job_is_shown(command: Run, model: Model) -> None:
    told = command("record", model.job_id)
    record = json.loads(command("record", model.job_id, "--json").stdout)

    assert f"model      {model.id}, SHA-256 {model.sha256}" in told.stdout
    assert record["model"]["id"] == model.id
    assert command("record", "nothing").returncode == 4


def test_programs_have_a_client(running: Running, model: Model) -> None:
    with Client(running.url) as client:
        assert [one["id"] for one in client.models()] == [model.id]
        assert client.model(model.id)["job_id"] == model.job_id
        assert b"import numpy as np" in client.download(model.id, "snippet")
        answer = client.predict(model.id, raw_rows(NETWORK, 1).tolist(), include_inputs=True)
        assert answer["inputs"] == raw_rows(NETWORK, 1).tolist()
        recorded = client.record(model.job_id)["model"]
        assert recorded is not None
        assert recorded["id"] == model.id
        with pytest.raises(ProblemError):
            client.model("../jobs")
