import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from core.dataset import TASKS
from core.export import load_network, save_network
from core.layers import LAYERS
from core.network import Network
from service.export.errors import OnnxUnavailable
from service.export.onnx_file import OLDEST_OPSET, OPSET, to_onnx
from tests.core.builders import architecture, exported_networks, output_scale, random_network

# Runs every model of a folder on its inputs with onnxruntime alone, in a process of its own.
ONNX_PROGRAM = """
import pathlib, sys
import numpy as np
import onnxruntime
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])
    inputs = np.load(file.with_suffix(".npy"))
    np.save(file.with_suffix(".onnx.npy"), session.run(None, {"inputs": inputs})[0])
"""

# The same with our own files.
NPZ_PROGRAM = """
import pathlib, sys
import numpy as np
from core.export import load_network
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.network")):
    network = load_network(file)
    answer = network.predict if network.task == "regression" else network.predict_probabilities
    np.save(file.with_suffix(".npz.npy"), answer(np.load(file.with_suffix(".npy"))))
"""


def _answer(network: Network, inputs: np.ndarray) -> np.ndarray:
    return network.predict(inputs) if network.task == "regression" else network.predict_probabilities(inputs)


@pytest.mark.slow
def test_two_hundred_networks_compute_the_same_in_fresh_processes(tmp_path: Path) -> None:
    networks = exported_networks()

    assert len(networks) == 200
    assert {type(layer) for network in networks for layer in network.architecture.layers} == set(LAYERS)
    assert {network.task for network in networks} == set(TASKS)

    expected, tolerances = [], []
    for seed, network in enumerate(networks):
        rows = np.random.default_rng(seed).standard_normal((5, *network.architecture.input_shape)).astype(np.float32)
        np.save(tmp_path / f"{seed:03}.npy", rows)
        (tmp_path / f"{seed:03}.onnx").write_bytes(to_onnx(network))
        save_network(network, tmp_path / f"{seed:03}.network")
        expected.append(_answer(network, rows))
        tolerances.append(1e-5 * output_scale(network, rows))
    for program in (ONNX_PROGRAM, NPZ_PROGRAM):
        subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True)

    for seed, (values, tolerance) in enumerate(zip(expected, tolerances, strict=True)):
        np.testing.assert_allclose(np.load(tmp_path / f"{seed:03}.onnx.npy"), values, rtol=0, atol=tolerance)
        # Our own file holds every bit, and so does what it computes.
        np.testing.assert_array_equal(np.load(tmp_path / f"{seed:03}.npz.npy"), values)


@pytest.mark.parametrize("seed", range(5))
def test_everything_is_in_the_file(seed: int, tmp_path: Path) -> None:
    network = random_network(seed)
    content = to_onnx(network)
    model = onnx.load_from_string(content)
    save_network(network, tmp_path / "network")

    assert to_onnx(load_network(tmp_path / "network")) == content
    assert [entry.version for entry in model.opset_import] == [OPSET]
    assert all(not tensor.external_data for tensor in model.graph.initializer)
    assert [value.name for value in model.graph.input] == ["inputs"]
    assert [value.name for value in model.graph.output] == [
        "values" if network.task == "regression" else "probabilities"
    ]
    assert not list(tmp_path.glob("*.data"))


@pytest.mark.parametrize("opset", [OLDEST_OPSET, 23, OPSET])
def test_older_runtimes_are_served(opset: int) -> None:
    for seed in range(10):
        onnx.checker.check_model(onnx.load_from_string(to_onnx(random_network(seed), opset=opset)), full_check=True)


def test_unknown_opsets_are_refused() -> None:
    with pytest.raises(ValueError, match="opset must be from 20 to 28, got 19"):
        to_onnx(random_network(0), opset=19)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(OnnxUnavailable, match=r"pip install 'cambrian\[onnx\]'"):
        to_onnx(Network(architecture(2, [], 2)))
