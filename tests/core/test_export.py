import io
import json
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import ACTIVATIONS, ActivationName
from core.dataset import Standardization
from core.errors import InvalidNetworkFile
from core.export import from_bytes, load_network, save_network, to_bytes
from core.network import Network
from tests.core.builders import architecture, random_network


def _network(
    widths: list[int] | None = None, activation: ActivationName = "relu", standardized: bool = True, seed: int = 0
) -> Network:
    rng = np.random.default_rng(seed)
    network = Network(architecture(4, [3] if widths is None else widths, 2, activation))
    network.initialize(rng)
    if standardized:
        scale = rng.uniform(0.5, 2, 4).astype(np.float32)
        network.standardization = Standardization(rng.standard_normal(4).astype(np.float32), scale)
    return network


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def _header(**changes: Any) -> bytes:
    return json.dumps({**json.loads(_members(to_bytes(_network()))["header.json"]), **changes}).encode()


@given(
    widths=st.lists(st.integers(1, 7), max_size=4),
    activation=st.sampled_from(ACTIVATIONS),
    standardized=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=25)
def test_round_trip_keeps_every_bit(
    widths: list[int], activation: ActivationName, standardized: bool, seed: int
) -> None:
    network = _network(widths, activation, standardized, seed)
    content = to_bytes(network)
    copy = from_bytes(content)
    inputs = np.random.default_rng(seed).standard_normal((5, 4))

    assert copy.architecture == network.architecture
    assert copy.parameters.tobytes() == network.parameters.tobytes()
    np.testing.assert_array_equal(copy.predict_probabilities(inputs), network.predict_probabilities(inputs))
    assert to_bytes(copy) == content


def test_file_and_file_object(tmp_path: Path) -> None:
    network = _network()
    save_network(network, tmp_path / "network.npz")
    buffer = io.BytesIO()
    save_network(network, buffer)

    assert (tmp_path / "network.npz").read_bytes() == buffer.getvalue() == to_bytes(network)
    assert [path.name for path in tmp_path.iterdir()] == ["network.npz"]
    assert load_network(str(tmp_path / "network.npz")).parameters.tobytes() == network.parameters.tobytes()
    buffer.seek(0)
    assert load_network(buffer).parameters.tobytes() == network.parameters.tobytes()
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "missing.npz")


def test_numpy_reads_it_without_pickle() -> None:
    network = _network()
    with np.load(io.BytesIO(to_bytes(network)), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["parameters"], network.parameters)
        assert json.loads(arrays["header.json"])["format"] == 1


def test_bytes_do_not_depend_on_the_clock() -> None:
    with zipfile.ZipFile(io.BytesIO(to_bytes(_network()))) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header.json": _header(format=3)}, "format 3"),
        ({"header.json": _header(extra=1)}, "unknown field 'extra'"),
        ({"header.json": _header(standardized=1)}, "standardized must be true or false"),
        ({"header.json": _header(standardized=False)}, "expected members"),
        ({"header.json": _header(architecture=None)}, "expected a JSON object"),
        ({"header.json": _header(architecture=architecture(4, [4], 2).to_json())}, "parameters.npy has .* expected"),
        ({"header.json": _header(architecture=architecture(4, [20000, 20000], 2).to_json())}, "has .* expected"),
        ({"header.json": b"{"}, "damaged"),
        ({"header.json": b'{"format": 1, "format": 1}'}, "twice"),
        ({"header.json": b"[" * 60_000}, "damaged|nested|recursion"),
        ({"header.json": b" " * 100_000}, "larger than"),
        ({"header.json": b"\xff"}, "damaged"),
        ({"parameters.npy": _npy(np.zeros(23))}, "parameters.npy has"),
        ({"parameters.npy": _npy(np.zeros(23, np.int32))}, "not a float32 array"),
        ({"parameters.npy": _npy(np.zeros((23, 1), np.float32))}, "not a float32 array|bytes, expected"),
        ({"parameters.npy": _npy(np.zeros(24, np.float32))}, "bytes, expected"),
        ({"parameters.npy": _npy(np.full(23, np.nan, np.float32))}, "NaN"),
        ({"parameters.npy": _npy(np.array([{}] * 23, object), allow_pickle=True)}, "bytes, expected|not a float32"),
        # An object array of the right size: its pickle is never looked at.
        ({"parameters.npy": _npy(np.zeros(23, np.float32)).replace(b"'<f4'", b"'|O' ")}, "not a float32 array"),
        ({"parameters.npy": b""}, "has 0 bytes"),
        ({"scale.npy": _npy(np.zeros(4, np.float32))}, "positive"),
        ({"mean.npy": _npy(np.full(4, np.inf, np.float32))}, "NaN or infinite"),
        ({"evil.npy": b""}, "expected members"),
    ],
)
def test_damaged_content_is_refused(changes: dict[str, bytes], message: str) -> None:
    with pytest.raises(InvalidNetworkFile, match=message):
        from_bytes(_packed({**_members(to_bytes(_network())), **changes}))


def test_missing_and_misnamed_members_are_refused() -> None:
    members = _members(to_bytes(_network()))
    for name in members:
        with pytest.raises(InvalidNetworkFile, match=r"missing|expected members"):
            from_bytes(_packed({key: value for key, value in members.items() if key != name}))
    members["../scale.npy"] = members.pop("scale.npy")
    with pytest.raises(InvalidNetworkFile, match="expected members"):
        from_bytes(_packed(members))


def test_compressed_members_are_refused_before_they_are_unpacked() -> None:
    members = _members(to_bytes(_network()))
    members["parameters.npy"] = b"\0" * 50_000_000

    with pytest.raises(InvalidNetworkFile, match="compressed"):
        from_bytes(_packed(members, zipfile.ZIP_DEFLATED))


def test_duplicate_members_are_refused() -> None:
    members = _members(to_bytes(_network(standardized=False)))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("parameters.npy", members["parameters.npy"])

    with pytest.raises(InvalidNetworkFile, match="two members of one name"):
        from_bytes(buffer.getvalue())


def test_truncated_anywhere_is_refused() -> None:
    content = to_bytes(_network())
    for length in range(0, len(content), 7):
        with pytest.raises(InvalidNetworkFile):
            from_bytes(content[:length])


def test_every_flipped_byte_is_refused_or_harmless() -> None:
    network = _network()
    content = to_bytes(network)
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        try:
            copy = from_bytes(bytes(damaged))
        except InvalidNetworkFile:
            continue

        # Time stamps and file rights may change; the network may not.
        assert copy.parameters.tobytes() == network.parameters.tobytes()
        assert copy.architecture == network.architecture


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip file at all, but long enough for one", b"\x80\x04." * 30])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidNetworkFile):
        from_bytes(content)


def test_a_directory_that_claims_many_members_is_refused() -> None:
    content = bytearray(to_bytes(_network()))
    content[-12:-10] = struct.pack("<H", 60_000)

    with pytest.raises(InvalidNetworkFile, match="60000 members"):
        from_bytes(bytes(content))


@pytest.mark.parametrize("seed", range(40))
def test_networks_of_every_kind_and_task_come_back(seed: int) -> None:
    network = random_network(seed)
    content = to_bytes(network)
    copy = from_bytes(content)
    inputs = np.random.default_rng(seed).standard_normal((5, network.architecture.inputs))

    assert (copy.architecture, copy.task) == (network.architecture, network.task)
    np.testing.assert_array_equal(copy.predict(inputs), network.predict(inputs))
    assert to_bytes(copy) == content
    for length in range(0, len(content), max(1, len(content) // 25)):
        with pytest.raises(InvalidNetworkFile):
            from_bytes(content[:length])
    for name in _members(content):
        if name.endswith(".npy"):
            # The last number of the member becomes NaN; packed anew, so that its checksum is right.
            members = _members(content)
            members[name] = members[name][:-4] + np.array([np.nan], "<f4").tobytes()
            with pytest.raises(InvalidNetworkFile, match=rf"{name} holds NaN"):
                from_bytes(_packed(members))


def _regression() -> Network:
    units = Standardization(np.full(2, 5, np.float32), np.full(2, 3, np.float32))
    return Network(architecture(4, [3], 2), task="regression", target_standardization=units)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "ranking"}, "unknown task 'ranking'"),
        ({"task": ["binary"]}, "unknown task"),
        ({"task": "binary"}, "a binary task takes one output"),
        ({"task": "multi_label"}, "target standardization for 2 columns"),
        ({"targets_standardized": 1}, "targets_standardized must be true or false"),
        ({"targets_standardized": False}, "expected members"),
        ({"standardized": True}, "expected members"),
        ({"format": 1}, "unknown field 'task'|unknown field 'targets_standardized'"),
        ({"architecture": architecture(4, [3], 3).to_json()}, "bytes, expected"),
    ],
)
def test_damaged_headers_of_format_2_are_refused(changes: dict[str, Any], message: str) -> None:
    members = _members(to_bytes(_regression()))
    members["header.json"] = json.dumps({**json.loads(members["header.json"]), **changes}).encode()

    with pytest.raises(InvalidNetworkFile, match=message):
        from_bytes(_packed(members))


def test_sizes_are_checked_before_memory_is_taken() -> None:
    layers = [
        {"kind": "convolution", "channels": 4096, "kernel": 11, "activation": "relu", "stride": 1, "padding": 0},
        {"kind": "flatten"},
    ]
    huge = {"format": 2, "input_shape": [900, 11, 11], "layers": layers, "outputs": 10}
    members = _members(to_bytes(_network()))
    members["header.json"] = _header(architecture=huge)
    tracemalloc.start()
    try:
        # 446 million parameters: 1.8 GB, of which not a byte is taken.
        with pytest.raises(InvalidNetworkFile, match=r"parameters.npy has .* expected 17"):
            from_bytes(_packed(members))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000
