import copy
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from service.runner import environment
from service.runner.environment import describe_environment, differences
from service.settings import Settings


def test_it_names_what_may_decide_bits(tmp_path: Path) -> None:
    found = describe_environment(Settings(data_dir=tmp_path, evaluator="serial"))

    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["format"] == 1
    assert found["packages"]["numpy"] == np.__version__
    assert found["packages"]["deap"] == version("deap")
    assert found["packages"]["ray"] == version("ray")
    assert found["blas"]["library"]
    assert found["cpu"]["model"]
    assert found["cpu"]["simd"]
    assert (found["evaluator"], found["workers"]) == ("serial", 1)
    # No folder of this machine belongs into a record that others read.
    assert "/" not in json.dumps(found["blas"])


def test_workers_are_those_that_are_used(tmp_path: Path) -> None:
    assert describe_environment(Settings(data_dir=tmp_path, workers=7))["workers"] == 7
    assert describe_environment(Settings(data_dir=tmp_path))["workers"] >= 1
    assert describe_environment(Settings(data_dir=tmp_path, ray_address="head:6379"))["workers"] is None


def test_the_library_is_numpys_own(monkeypatch: pytest.MonkeyPatch) -> None:
    of_scipy = {"user_api": "blas", "filepath": "/x/scipy.libs/libscipy_openblas.so", "version": "1"}
    of_numpy = {"user_api": "blas", "filepath": "/x/numpy.libs/libscipy_openblas64_.so", "version": "2"}
    monkeypatch.setattr(environment, "threadpool_info", lambda: [{"user_api": "openmp"}, of_scipy, of_numpy])

    assert environment._blas({})["version"] == "2"


def test_what_is_not_installed_has_no_version() -> None:
    assert environment._version("no-such-package") is None


def test_differences_are_told_in_words(tmp_path: Path) -> None:
    here = describe_environment(Settings(data_dir=tmp_path))
    then = copy.deepcopy(here)
    then["packages"]["numpy"] = "1.0"
    then["blas"]["kernels"] = None
    then["cpu"]["simd"] = ["X86_V2"]
    then["host"], then["workers"], then["cpu"]["cores"] = "elsewhere", 99, 99

    assert differences(here, here) == []
    assert differences(then, here) == [
        f"packages numpy: 1.0 then, {np.__version__} here",
        f"blas kernels: unknown then, {here['blas']['kernels']} here",
        f"cpu simd: X86_V2 then, {', '.join(here['cpu']['simd'])} here",
    ]
