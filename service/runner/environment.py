"""On what a job runs: versions, the BLAS library and the processor, as far as they may decide bits.

BLAS libraries choose their kernels by processor and release, and with another order of adding the last bits change. So
whoever repeats a job and gets other rows finds the probable reason here.
"""

import os
import platform
import socket
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_info

from service.settings import Settings

FORMAT: Final = 1
PACKAGES: Final = ("cambrian", "numpy", "deap", "ray", "scikit-learn", "onnx", "onnxruntime")


def describe_environment(settings: Settings) -> dict[str, Any]:
    """Return the environment of this process as JSON; the nodes of a cluster have the same versions."""
    return {**_machine(), "evaluator": settings.evaluator, "workers": _workers(settings)}


@cache
def _machine() -> dict[str, Any]:
    build: Mapping[str, Any] = np.show_config(mode="dicts")
    simd = build.get("SIMD Extensions", {})
    return {
        "format": FORMAT,
        "host": socket.gethostname(),
        "system": platform.platform(),
        "python": {
            "implementation": platform.python_implementation(),
            "version": platform.python_version(),
            "compiler": platform.python_compiler(),
        },
        "packages": {name: _version(name) for name in PACKAGES},
        "blas": _blas(build),
        "cpu": {
            "model": _cpu_model(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "byte_order": sys.byteorder,
            "simd": [*simd.get("baseline", ()), *simd.get("found", ())],
        },
    }


def _blas(build: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the library that NumPy was built with, and the kernels that it chose on this processor."""
    built = build.get("Build Dependencies", {}).get("blas", {})
    # SciPy, where something has loaded it, brings a library of its own.
    libraries = [one for one in threadpool_info() if one.get("user_api") == "blas"]
    libraries.sort(key=lambda one: "numpy" not in one.get("filepath", ""))
    loaded: dict[str, Any] = libraries[0] if libraries else {}
    return {
        "library": loaded.get("internal_api", built.get("name")),
        "version": loaded.get("version", built.get("version")),
        "kernels": loaded.get("architecture"),
        "threading": loaded.get("threading_layer"),
        "build": built.get("openblas configuration", built.get("name")),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _workers(settings: Settings) -> int | None:
    """Return how many candidates are trained at once; None where a cluster decides."""
    if settings.evaluator == "serial":
        return 1
    return settings.workers or (os.cpu_count() if settings.ray_address is None else None)


_BITS: Final = (
    ("python", "version"),
    ("packages", "cambrian"),
    ("packages", "numpy"),
    ("packages", "deap"),
    ("blas", "library"),
    ("blas", "version"),
    ("blas", "kernels"),
    ("cpu", "model"),
    ("cpu", "machine"),
    ("cpu", "simd"),
)


def differences(stored: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """Return what of two environments differs and may change bits, a short text for each."""
    found = []
    for group, name in _BITS:
        then, now = (environment.get(group, {}).get(name) for environment in (stored, here))
        if then != now:
            found.append(f"{group} {name}: {_text(then)} then, {_text(now)} here")
    return found


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "unknown" if value is None else str(value)
