"""The user's path of docs/walkthrough.md, each command as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.api.fuzzing import service

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "walkthrough.md"
ADDRESS = "http://127.0.0.1:8642"


def commands() -> str:
    """Return the blocks that are to be typed, in their order."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))


@pytest.mark.slow
def test_a_user_goes_from_a_file_to_a_prediction(postgres_url: str, tmp_path: Path) -> None:
    here, data = tmp_path / "here", tmp_path / "data"
    data.mkdir()
    shutil.copytree(ROOT / "examples", here / "examples")
    binaries = Path(sys.executable).parent
    # What `source .venv/bin/activate` does.
    typed = commands().replace("source .venv/bin/activate\n", "", 1)

    assert typed.count(ADDRESS) == 1

    with service(postgres_url, data) as url:
        environment = os.environ | {
            "CAMBRIAN_URL": url,
            "CAMBRIAN_DATABASE_URL": postgres_url,
            "CAMBRIAN_DATA_DIR": str(data),
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", typed.replace(ADDRESS, url)],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    told = done.stdout + done.stderr

    assert done.returncode == 0, told
    for expected in ("identifier", "structures", "paused", "largest difference", "rows are equal"):
        assert expected in told, told
    assert (here / "beans.onnx").stat().st_size > 0
