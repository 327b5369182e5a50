"""CPU seconds of calls that take turns, so that a slow moment of the machine hits all of them alike."""

import gc
import statistics
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.contestants import Run


def take_turns(runs: Mapping[str, Run], rounds: int) -> dict[str, list[float]]:
    """Return each run's CPU seconds (all threads of the process) of every round; a first round warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            gc.collect()
            gc.disable()
            started = time.process_time()
            run()
            spent = time.process_time() - started
            gc.enable()
            if number > 0:
                seconds[name].append(spent)
    return seconds


def summary(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratios(slow: list[float], fast: list[float], factor: float = 1.0) -> dict[str, float]:
    """Return how many times faster `fast` was, round by round."""
    return summary([factor * a / b for a, b in zip(slow, fast, strict=True)])


def blas() -> list[dict[str, Any]]:
    """Return what threadpoolctl says about the BLAS libraries at work."""
    from threadpoolctl import threadpool_info  # noqa: PLC0415 - after NumPy, or there is nothing to see yet

    keys = ("internal_api", "version", "architecture", "num_threads")
    return [{key: each.get(key) for key in keys} for each in threadpool_info() if each["user_api"] == "blas"]
