import os
from pathlib import Path

import pytest

from service.examination.files import ExaminationFiles, remove_examined

pytestmark = pytest.mark.slow


def keep(files: ExaminationFiles, job_id: str, key: str, age: int, size: int = 100) -> None:
    files.make(job_id)
    for kind in ("npz", "csv", "json"):
        (files.folder(job_id) / f"{key}.{kind}").write_bytes(b"x" * size)
    os.utime(files.folder(job_id) / f"{key}.json", (1_000_000 - age, 1_000_000 - age))


def test_what_is_not_whole_is_not_there(tmp_path: Path) -> None:
    files = ExaminationFiles(tmp_path)
    keep(files, "a", "k", 0)
    (files.folder("a") / "k.json").unlink()

    assert files.read("a", "k", "npz") is None
    assert files.read("b", "k", "json") is None


def test_what_was_looked_at_the_longest_ago_goes_first(tmp_path: Path) -> None:
    files = ExaminationFiles(tmp_path, most_bytes=700)
    keep(files, "a", "oldest", 30)
    keep(files, "a", "older", 20)
    keep(files, "b", "newest", 10)

    assert files.read("a", "oldest", "json") == b"x" * 100

    files.trim()

    assert files.read("a", "older", "json") is None
    assert files.read("a", "oldest", "csv") is not None
    assert files.read("b", "newest", "json") is not None
    assert sorted(path.name for path in files.folder("a").iterdir()) == ["oldest.csv", "oldest.json", "oldest.npz"]


def test_a_job_takes_its_examinations_with_it(tmp_path: Path) -> None:
    files = ExaminationFiles(tmp_path)
    keep(files, "a", "k", 0)
    keep(files, "b", "k", 0)

    assert files.jobs() == ["a", "b"]

    files.forget("a")
    files.forget("a")

    assert files.jobs() == ["b"]
    assert ExaminationFiles(tmp_path / "nothing").jobs() == []


def test_removing_twice_is_harmless(tmp_path: Path) -> None:
    files = ExaminationFiles(tmp_path)
    keep(files, "a", "k", 0)
    remove_examined(files.folder("a"), "k")
    remove_examined(files.folder("a"), "k")

    assert list(files.folder("a").iterdir()) == []
