import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_writes_the_file_that_it_names_and_always_the_same(script: Path, tmp_path: Path) -> None:
    contents = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
        done = subprocess.run([sys.executable, script], cwd=folder, capture_output=True, text=True, check=True)
        (written,) = folder.iterdir()

        assert done.stdout.strip() == written.name
        assert f"`{written.name}`" in script.read_text(encoding="utf-8").splitlines()[0]
        assert f"python examples/{script.name}" in (EXAMPLES / "README.md").read_text(encoding="utf-8")

        contents.append(written.read_bytes())

    assert contents[0] == contents[1]
