"""`cambrian data`, and a search on what was uploaded."""

import json
from pathlib import Path

import pytest

from service.cli.datasets import _name_from, dataset_lines
from tests.service.cli.commands import cambrian, environment, serving
from tests.service.data.tables import flowers


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Flowers 2024.csv", "flowers-2024"),
        ("a/b/Iris.Data.csv", "iris.data"),
        ("--x--.csv", "x"),
        ("\N{TULIP}.csv", ""),
        ("x" * 300 + ".csv", "x" * 100),
    ],
)
def test_the_name_of_a_file_becomes_one_of_a_data_set(file: str, name: str) -> None:
    assert _name_from(Path(file)) == name


def test_a_built_in_data_set_in_words() -> None:
    iris = {
        "name": "iris",
        "title": "Irises\x1b[31m",
        "source": "scikit-learn",
        "task": "classification",
        "rows": {"train": 90, "validation": 30, "test": 30},
        "input_shape": [4],
        "class_names": ["setosa", "virginica"],
        "class_counts": None,
        "target": None,
        "columns": None,
        "findings": None,
    }

    lines = dataset_lines(iris)

    assert "\x1b" not in "".join(lines)
    assert lines[-1] == "classes  setosa, virginica"
    assert "rows     90 train, 30 validation, 30 test" in lines


@pytest.mark.slow
def test_upload_look_search_delete(tmp_path: Path) -> None:
    file = tmp_path / "My Flowers.csv"
    file.write_bytes(flowers())
    with serving(environment(tmp_path / "data"), cwd=tmp_path) as service:
        env = environment(tmp_path / "data", CAMBRIAN_URL=service.url)

        uploaded = cambrian("data", "upload", str(file), "--target", "flower", env=env)
        listed = cambrian("data", "list", env=env)
        refused = cambrian("data", "upload", str(file), "--name", "x", "--target", "color", env=env)
        spec = {
            "dataset": "my-flowers",
            "budget": {"evaluations": 4},
            "training": {"epochs": 3},
            "final": {"finalists": 1, "seeds": 2},
            "verdict": {"rivals": False},
        }
        job = cambrian("submit", "--spec", "-", "--watch", env=env, stdin=json.dumps(spec))
        deleted = cambrian("data", "delete", "my-flowers", "--json", env=env)

    assert uploaded.returncode == 0, uploaded.stderr
    assert "cambrian submit my-flowers" in uploaded.stderr
    assert "daisy (30), rose (30), tulip (30)" in uploaded.stdout
    assert "My Flowers.csv" in uploaded.stdout
    assert "COLUMN" in uploaded.stdout
    assert "The data doctor:" in uploaded.stdout
    assert "my-flowers" in listed.stdout
    assert "digits-8x8" in listed.stdout
    assert refused.returncode == 4
    assert "color" in refused.stderr
    assert job.returncode == 0, job.stderr
    assert "test rows" in " ".join(job.stdout.split())
    assert json.loads(deleted.stdout) == {"deleted": "my-flowers"}
    assert all("Traceback" not in one.stderr for one in (uploaded, refused, job))


@pytest.mark.slow
def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    answer = cambrian("data", "upload", str(tmp_path / "absent.csv"), env=environment(tmp_path))

    assert answer.returncode == 1
    assert "absent.csv" in answer.stderr
    assert "Traceback" not in answer.stderr
