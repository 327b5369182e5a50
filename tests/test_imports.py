"""The arrows between the packages, and what the processes load."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_import_contracts_hold() -> None:
    answer = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stdout


@pytest.mark.slow
@pytest.mark.parametrize("module", ["core.training", "core.export"])
def test_the_core_loads_numpy_and_the_standard_library_only(module: str) -> None:
    script = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)

    loaded = set(answer.stdout.split()) - set(sys.stdlib_module_names)
    # NumPy is compiled with Cython, whose runtime shows up as a module of its own.
    strangers = {name for name in loaded if not name.startswith(("_", "numpy", "cython_runtime", "core"))}
    assert not strangers


@pytest.mark.slow
def test_the_command_line_loads_neither_ray_nor_deap() -> None:
    script = "import sys, service.cli.main; print('ray' in sys.modules, 'deap' in sys.modules)"
    answer = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.split() == ["False", "False"]


@pytest.mark.slow
def test_the_web_process_draws_charts_without_plotly() -> None:
    script = (
        "import sys, service.app; from service.charts.catalog import CHARTS; "
        "print(len(CHARTS), 'plotly' in sys.modules, 'pandas' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.split() == ["12", "False", "False"]
