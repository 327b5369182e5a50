import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.architecture import Architecture
from core.layers import Dense
from core.network import Network
from core.snippet import to_snippet
from tests.core.builders import exported_networks, output_scale, random_network

# Runs every file of a folder on its inputs, in a process that can import nothing but the standard library and NumPy.
PROGRAM = """
import importlib.util, json, pathlib, sys
import numpy as np
folder = pathlib.Path(sys.argv[1])
for file in sorted(folder.glob("*.py")):
    spec = importlib.util.spec_from_file_location("network", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    inputs = np.load(file.with_suffix(".npy"))
    names = [name for name in ("outputs", "probabilities", "predict") if hasattr(module, name)]
    np.savez(file.with_suffix(".npz"), **{name: getattr(module, name)(inputs) for name in names})
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def _run(folder: Path) -> list[str]:
    found = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, str(folder)], check=True, capture_output=True, text=True, cwd=folder
    )
    modules: list[str] = json.loads(found.stdout)
    return modules


@pytest.mark.slow
def test_two_hundred_files_compute_what_the_networks_compute(tmp_path: Path) -> None:
    networks = exported_networks()
    inputs = []
    for number, network in enumerate(networks):
        rows = np.random.default_rng(number).standard_normal((7, *network.architecture.input_shape))
        inputs.append(rows.astype(np.float32))
        np.save(tmp_path / f"{number:03}.npy", inputs[-1])
        (tmp_path / f"{number:03}.py").write_text(to_snippet(network))
    modules = _run(tmp_path)

    assert "numpy" in modules
    assert not {"core", "evolution", "service", "torch", "onnx"} & set(modules)

    for number, network in enumerate(networks):
        with np.load(tmp_path / f"{number:03}.npz") as results:
            logits = network.logits(network._prepared(inputs[number]))
            tolerance = 1e-5 * output_scale(network, inputs[number])
            np.testing.assert_allclose(results["outputs"], logits, rtol=0, atol=tolerance)
            assert results["outputs"].dtype == np.float32
            if network.task == "regression":
                np.testing.assert_allclose(results["predict"], network.predict(inputs[number]), rtol=0, atol=tolerance)
                assert "probabilities" not in results
            else:
                probabilities = network.predict_probabilities(inputs[number])
                np.testing.assert_allclose(results["probabilities"], probabilities, rtol=0, atol=tolerance)
                np.testing.assert_array_equal(results["predict"], network.predict(inputs[number]))


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    network = Network(Architecture((2,), (Dense(3, "relu"),), 2))
    network.initialize(np.random.default_rng(0))
    rows = np.random.default_rng(1).standard_normal((5, 2))
    np.save(tmp_path / "rows.npy", rows)
    (tmp_path / "network.py").write_text(to_snippet(network))
    found = subprocess.run(
        [sys.executable, "-I", "network.py", "rows.npy"], check=True, capture_output=True, text=True, cwd=tmp_path
    )

    assert json.loads(found.stdout) == network.predict(rows).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_it_is_plain_python_that_imports_little(seed: int) -> None:
    network = random_network(seed)
    source = to_snippet(network)
    imported = {
        alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names
    }

    assert imported == {"base64", "sys", "numpy"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(ast.parse(source)))
    assert max(map(len, source.splitlines())) < 400
    assert to_snippet(network) == source
