"""An array module that is not NumPy: it keeps its arrays to itself, as a graphics card does.

No card is needed, yet whatever would fail on one for mixing memories fails here as well: arrays of the host are taken
by `asarray` alone, and leave by `asnumpy` alone.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


class DeviceArray:
    def __init__(self, memory: npt.NDArray[Any]) -> None:
        self._memory = memory

    def __array__(self, *args: object, **keywords: object) -> npt.NDArray[Any]:
        raise TypeError("implicit conversion to a NumPy array is not allowed")

    def __len__(self) -> int:
        return len(self._memory)

    def __iter__(self) -> Iterator["DeviceArray"]:
        return (DeviceArray(row) for row in self._memory)

    def __getitem__(self, key: Any) -> "DeviceArray":
        return DeviceArray(self._memory[_opened(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._memory[_opened(key)] = _opened(value)

    def __sub__(self, other: "DeviceArray") -> "DeviceArray":
        return DeviceArray(self._memory - other._memory)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # NumPy asks for its array interfaces by name, and would read the memory through them.
            raise AttributeError(name)
        value = getattr(self._memory, name)
        return _guarded(value) if callable(value) else value


class Device:
    """The module: NumPy's functions on DeviceArrays."""

    def asarray(self, value: Any) -> DeviceArray:
        return value if isinstance(value, DeviceArray) else DeviceArray(np.array(value))

    array = staticmethod(lambda value, dtype: DeviceArray(np.array(value, dtype)))

    def asnumpy(self, value: DeviceArray) -> npt.NDArray[Any]:
        return value._memory.copy()

    def __getattr__(self, name: str) -> Any:
        return _guarded(getattr(np, name))


def _guarded(function: Any) -> Any:
    def call(*args: Any, **keywords: Any) -> Any:
        result = function(*map(_opened, args), **{name: _opened(value) for name, value in keywords.items()})
        return DeviceArray(np.asarray(result)) if isinstance(result, np.ndarray | np.generic) else result

    return call


def _opened(value: Any) -> Any:
    if isinstance(value, DeviceArray):
        return value._memory
    if isinstance(value, tuple):
        return tuple(_opened(part) for part in value)
    if isinstance(value, np.ndarray):
        raise TypeError("an array of the host meets one of the device")
    return value
