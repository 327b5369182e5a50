"""What a killed owner of a cluster leaves, and who removes it."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evolution.ray_remains import PREFIX, private_folder, reap

OWNER = """
import subprocess, sys
from pathlib import Path
from evolution.ray_remains import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    # A process has its command line for sure only when it says something itself.
    speak = "import time; print(1, flush=True); time.sleep(600)"
    named = subprocess.Popen([sys.executable, "-c", speak, f"--dir={folder}/r"],
                             start_new_session=True, stdout=subprocess.PIPE)
    named.stdout.readline()
    print(folder, left.pid, named.pid, flush=True)
    sys.stdin.read()
"""


def test_the_folder_is_private_and_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with private_folder(None) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "token").write_text("secret")

    assert not list(tmp_path.iterdir())


def test_in_a_named_folder_the_logs_stay_and_the_token_goes(tmp_path: Path) -> None:
    with private_folder(tmp_path) as folder:
        (folder / "token").write_text("secret")
        (folder / "log").write_text("line")

    assert [path.name for path in folder.iterdir()] == ["log"]


def test_a_living_owner_keeps_its_folder(tmp_path: Path) -> None:
    with private_folder(tmp_path) as folder:
        reap(tmp_path)

        assert folder.exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / f"{PREFIX}notes"
    other.mkdir()

    reap(tmp_path)

    assert other.exists()


def test_the_remains_of_a_killed_owner_are_removed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        folder, unrelated, named = owner.stdout.readline().split()
        owner.kill()
    try:
        assert _runs(int(named))

        reap(tmp_path)

        assert not Path(folder).exists()
        assert not _runs(int(named))
        assert _runs(int(unrelated))
    finally:
        for pid in (unrelated, named):
            if _runs(int(pid)):
                os.kill(int(pid), signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
