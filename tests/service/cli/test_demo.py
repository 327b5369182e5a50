"""`cambrian demo`, run where a user might: with Ray, in a folder that holds packages of the same names."""

import json
import re
from pathlib import Path

import pytest

from core.export import load_network
from tests.service.cli.commands import cambrian, environment, serving

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


def _tables(text: str) -> str:
    """Return what the demo printed up to the ledger, which names CPU seconds."""
    return text[: text.index("LEDGER")]
