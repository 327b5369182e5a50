"""`cambrian demo`, run where a user might: with Ray, in a folder that holds packages of the same names."""

import json
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from core.export import load_network
from tests.service.cli.commands import CAMBRIAN, cambrian, environment, serving

pytestmark = pytest.mark.slow

TRAP = "raise RuntimeError('this folder shadows Cambrian')\n"


def test_the_demo_twice_in_a_folder_with_packages_named_like_ours(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for package in ("core", "evolution", "service", "migrations"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(TRAP)
    env = environment(tmp_path / "data", CAMBRIAN_EVALUATOR="ray")

    runs = [cambrian("demo", "--evaluations", "24", env=env, cwd=folder) for _ in range(2)]

    for run in runs:
        assert run.returncode == 0, run.stderr
        assert "first candidate" in run.stderr
        assert "better than logistic regression" in " ".join(run.stdout.split())
        saved = re.search(r"^The network: (.*\.npz)$", run.stdout, re.MULTILINE)
        assert saved is not None
        assert load_network(saved[1]).architecture.outputs == 10
        assert "cambrian serve" in run.stdout
    # Same seed, same network, whoever trained it and whenever; and the first job is still there.
    assert _tables(runs[0].stdout) == _tables(runs[1].stdout)
    with serving(env, "--no-runner", cwd=folder) as service:
        listed = cambrian("jobs", "--json", "--url", service.url, env=env)
    assert [job["status"] for job in json.loads(listed.stdout)] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_takes_everything_along(number: signal.Signals, tmp_path: Path) -> None:
    env = environment(tmp_path / "data", CAMBRIAN_EVALUATOR="ray")
    demo = subprocess.Popen(
        [CAMBRIAN, "demo", "--evaluations", "100000"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            if b"first candidate" in line:
                break
        family = psutil.Process(demo.pid).children(recursive=True)
        assert len(family) >= 2

        demo.send_signal(number)

        demo.wait(30)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive


def _tables(text: str) -> str:
    """Return what the demo printed up to the ledger, which names CPU seconds."""
    return text[: text.index("LEDGER")]
