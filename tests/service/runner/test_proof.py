"""Files that compute what was measured, and files that do not."""

import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.architecture import Architecture, Dense
from core.dataset import Standardization
from core.export import from_bytes, to_bytes
from core.network import Network
from service.export.downloads import write_download
from service.runner import proof as proof_module
from service.runner.endings import JobStopped
from service.runner.proof import Measured, prove
from service.store.entities import DOWNLOAD_FORMATS, DownloadFormat, StoredNetwork, now
from service.store.proof_repository import Proof
from tests.service.models import ROWS, found_networks, raw_rows

NETWORKS = found_networks()


def stored(network: Network) -> StoredNetwork:
    content = to_bytes(network)
    return StoredNetwork(
        "id", "job", "final", 0, network.architecture, content, hashlib.sha256(content).hexdigest(), now()
    )


def measured(network: Network) -> Measured:
    inputs = raw_rows(network)
    answers = network.predict(inputs)
    return Measured(inputs, answers.astype("<f8" if network.task == "regression" else "<u2").tobytes())


def tried(
    format_: DownloadFormat,
    folder: Path,
    network: Network | None = None,
    *,
    of: StoredNetwork | None = None,
    against: Measured | None = None,
    obey: Callable[[], None] = lambda: None,
) -> Proof:
    network = network or NETWORKS["dense"]
    found, content = prove(format_, of or stored(network), against or measured(network), folder / "proof", obey)

    assert (content is None) == (found.error is not None)
    assert not (folder / "proof").exists()

    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_file_of_every_kind_of_network_is_proven(kind: str, tmp_path: Path) -> None:
    network = NETWORKS[kind]
    for format_ in DOWNLOAD_FORMATS:
        found = tried(format_, tmp_path, network)
        content = write_download(format_, to_bytes(network))

        assert found.error is None
        assert (found.sha256, found.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
        assert found.compared_rows == ROWS
        assert found.largest_difference is not None
        assert found.largest_difference < 1e-5
        assert ("onnxruntime" in found.versions) == (format_ == "onnx")
        assert {"python", "numpy"} <= set(found.versions)


@pytest.mark.slow
@pytest.mark.parametrize("format_", DOWNLOAD_FORMATS)
def test_one_weight_that_was_changed_is_noticed(
    format_: DownloadFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tampered(which: DownloadFormat, content: bytes) -> bytes:
        network = from_bytes(content)
        network.parameters[3] += np.float32(0.01)
        return write_download(which, to_bytes(network))

    monkeypatch.setattr(proof_module, "write_download", tampered)

    assert "answers differ from what was measured by up to" in str(tried(format_, tmp_path).error)


@pytest.mark.slow
def test_another_network_than_the_one_that_was_measured_is_noticed(tmp_path: Path) -> None:
    network = NETWORKS["dense"]
    other = from_bytes(to_bytes(network))
    other.parameters[-3:] = [9, 0, 0]
    error = str(tried("npz", tmp_path, of=stored(other), against=measured(network)).error)

    assert "test rows get another class than the one that was measured; the first of them is row" in error


@pytest.mark.slow
def test_the_values_of_a_regression_are_measured_by_the_largest_of_them(tmp_path: Path) -> None:
    network = Network(Architecture((3,), (Dense(5, "tanh"),), 1), task="regression")
    network.initialize(np.random.default_rng(1))
    network.target_standardization = Standardization(np.full(1, 3e-7, np.float32), np.full(1, 1e-7, np.float32))
    good = measured(network)

    for format_ in DOWNLOAD_FORMATS:
        assert tried(format_, tmp_path, network).error is None

    # A difference that would be nothing beside numbers of 1 is much beside these.
    other = Measured(good.inputs, (np.frombuffer(good.stored, "<f8") + 1e-10).tobytes())
    assert "answers differ from what was measured by up to 1e-10" in str(
        tried("npz", tmp_path, network, against=other).error
    )


def test_answers_of_another_kind_are_not_compared(tmp_path: Path) -> None:
    network = NETWORKS["dense"]
    other = Measured(raw_rows(network), b"\0" * 7)

    assert "not one for each of the 40 test rows" in str(tried("npz", tmp_path, against=other).error)


def test_a_stored_network_that_was_changed_is_not_even_written(tmp_path: Path) -> None:
    good = stored(NETWORKS["dense"])
    other = replace(good, content=to_bytes(NETWORKS["dropout"]))

    assert "its SHA-256 is another one" in str(tried("npz", tmp_path, of=other).error)


def test_a_stored_network_that_nobody_can_read_is_not_written(tmp_path: Path) -> None:
    content = b"no network"
    other = replace(stored(NETWORKS["dense"]), content=content, sha256=hashlib.sha256(content).hexdigest())

    assert "network file is no .npz file" in str(tried("snippet", tmp_path, of=other).error)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format_", "content", "reason"),
    [
        ("npz", b"garbage", "InvalidNetworkFile: network file is no .npz file"),
        ("onnx", b"garbage", "could not be used in a fresh process"),
        ("snippet", b"import httpx\n", "the snippet needs"),
        ("snippet", b"predict = 1 / 0\n", "ZeroDivisionError: division by zero"),
        ("snippet", b"import os\nos._exit(3)\n", "it said nothing"),
        ("snippet", b"import os\nos._exit(0)\n", "did not answer as it should"),
    ],
)
def test_files_that_do_not_work_say_why(
    format_: DownloadFormat, content: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_module, "write_download", lambda _format, _content: content)
    error = str(tried(format_, tmp_path).error)

    assert reason in error
    assert str(tmp_path) not in error


@pytest.mark.slow
def test_the_environment_of_the_runner_is_not_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMBRIAN_SECRET", "canary")
    program = b"import os, sys\nsys.exit(f'{sorted(os.environ)} {sorted(os.listdir())}')\n"
    monkeypatch.setattr(proof_module, "write_download", lambda _format, _content: program)
    error = str(tried("snippet", tmp_path).error)

    assert "CAMBRIAN" not in error
    assert "PATH" not in error
    # The second file are the rows for the program that a snippet is.
    assert "['network.npy', 'network.py']" in error


def test_without_onnxruntime_no_onnx_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    assert "onnxruntime is not installed where the job ran" in str(tried("onnx", tmp_path).error)


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_module, "PROCESS_SECONDS", 0.0)
    monkeypatch.setattr(proof_module, "OBEY_SECONDS", 0.0)

    assert "took longer than 0 seconds" in str(tried("npz", tmp_path).error)


def test_a_runner_that_is_to_stop_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_module, "OBEY_SECONDS", 0.0)

    def stop() -> None:
        raise JobStopped

    with pytest.raises(JobStopped):
        tried("npz", tmp_path, obey=stop)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_runner_left_behind_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "proof").mkdir()
    (tmp_path / "proof" / "network.npz").write_bytes(b"half a fi")

    assert tried("npz", tmp_path).error is None


def test_a_disk_that_takes_no_file_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "full").write_bytes(b"")
    network = NETWORKS["dense"]
    found, content = prove("npz", stored(network), measured(network), tmp_path / "full" / "proof", lambda: None)

    assert found.error == "the file could not be tried: Not a directory"
    assert content is None
