import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.backend import array_module, gather_call, to_host
from core.errors import BackendUnavailable
from tests.core.device import Device


def test_numpy_is_always_there() -> None:
    assert array_module("numpy") is np


def test_cupy_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(BackendUnavailable, match="package cupy, which is not installed"):
        array_module("cupy")


def test_cupy_without_a_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_driver() -> int:
        raise RuntimeError("cudaErrorInsufficientDriver")

    for count, message in ((no_driver, "cudaErrorInsufficientDriver"), (lambda: 0, "no graphics card")):
        runtime = SimpleNamespace(getDeviceCount=count)
        monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=SimpleNamespace(runtime=runtime)))
        with pytest.raises(BackendUnavailable, match=message):
            array_module("cupy")


def test_unknown_backend_is_refused() -> None:
    name: Any = "tpu"
    with pytest.raises(BackendUnavailable, match="known are numpy, cupy"):
        array_module(name)


@pytest.mark.parametrize("xp", [np, Device()])
def test_gather_and_back(xp: Any) -> None:
    source, out = xp.asarray(np.arange(12.0).reshape(4, 3)), xp.zeros((2, 2, 3))
    gather_call(source, xp.asarray(np.array([[3, 0], [1, 1]])), out, xp)()

    np.testing.assert_array_equal(to_host(out, xp)[:, :, 0], [[9, 0], [3, 3]])


def test_the_device_of_these_tests_mixes_no_memories() -> None:
    device = Device()
    with pytest.raises(TypeError, match="host meets"):
        device.add(device.zeros(3), np.zeros(3))
    with pytest.raises(TypeError, match="implicit conversion"):
        np.asarray(device.zeros(3))
