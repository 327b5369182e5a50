"""Ends trainings on Ray that take longer than they may: those that hang cannot end themselves.

A worker looks at its limit after each epoch (`evolution.limits`). One that was stopped, or that never comes to the end
of an epoch, is given up some seconds later: its process is killed on its own node, whatever it is doing, and Ray starts
another. When a training began is noted by the worker in an actor, because a task that Ray has taken may still wait for
a processor. Ray itself is handed in: one file alone loads it.
"""

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from core.dataset import Dataset
from evolution.candidate import Candidate, Evaluation
from evolution.evaluation import failed_evaluation
from evolution.limits import OUT_OF_MEMORY, Limits
from evolution.memory_guard import memory_guard

GRACE_SECONDS = 2.0
"""So much later than a worker would end the training itself; an epoch may be under way."""

ANSWER_SECONDS = 5.0


class Starts:
    """When which task began, on which node and in which process; lives in an actor of its own."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[float, str, int]] = {}

    def began(self, task: int, node: str, pid: int) -> None:
        """Note that a task runs."""
        self._running[task] = monotonic(), node, pid

    def ended(self, task: int) -> None:
        """Note that a task is over."""
        self._running.pop(task, None)

    def look(self, task: int) -> tuple[float, str, int] | None:
        """Return the seconds since a task began, its node and its process; None for one that is not running."""
        found = self._running.get(task)
        return None if found is None else (monotonic() - found[0], *found[1:])


def train_within(
    ray: Any,
    evaluate: Callable[[Candidate, Dataset], Evaluation],
    limits: Limits,
    starts: Any,
    task: int,
    candidate: Candidate,
    dataset: Dataset,
) -> Evaluation:
    """Train a candidate in a worker of Ray under the limits, and tell when it begins and ends."""
    if starts is not None:
        # Without the actor, whose node may have died, the training is bounded by the worker alone.
        with suppress(ray.exceptions.RayError):
            ray.get(starts.began.remote(task, ray.get_runtime_context().get_node_id(), os.getpid()))
    try:
        with memory_guard(limits.memory_bytes):
            return evaluate(candidate, dataset)
    except MemoryError:
        return failed_evaluation(candidate, OUT_OF_MEMORY)
    finally:
        if starts is not None:
            starts.ended.remote(task)


class Overruns:
    """Watches what was submitted to Ray, by the references of the results."""

    def __init__(self, ray: Any, limits: Limits) -> None:
        self._ray = ray
        self._limits = limits
        self._deadlines: dict[Any, float] = {}
        self._tasks: dict[Any, int] = {}
        self._count = 0
        self.starts: Any = None
        if limits.seconds is not None:
            self.starts = ray.remote(Starts).options(num_cpus=0, max_restarts=-1).remote()

    def next_task(self) -> int:
        """Return a number for a task that is about to be submitted."""
        self._count += 1
        return self._count

    def submitted(self, reference: Any, task: int, candidate: Candidate) -> None:
        """Watch a task."""
        allowed = self._allowed(candidate)
        if allowed is not None:
            self._tasks[reference] = task
            self._deadlines[reference] = monotonic() + allowed

    def forget(self, references: Iterable[Any]) -> None:
        """Watch these no longer."""
        for reference in references:
            self._deadlines.pop(reference, None)
            self._tasks.pop(reference, None)

    def end(self, running: dict[Any, Candidate]) -> list[Any]:
        """Kill the workers of those that have run for too long, and return their references."""
        now = monotonic()
        late = []
        for reference in [one for one, deadline in self._deadlines.items() if deadline <= now]:
            allowed = self._allowed(running[reference])
            if allowed is None:
                continue
            begun = self._look(self._tasks[reference])
            if begun is None or begun[0] < allowed:
                self._deadlines[reference] = now + allowed - (begun[0] if begun is not None else 0.0)
                continue
            self._kill(reference, *begun[1:])
            late.append(reference)
        self.forget(late)
        return late

    def _allowed(self, candidate: Candidate) -> float | None:
        seconds = self._limits.seconds_for(candidate)
        return None if seconds is None else seconds + GRACE_SECONDS

    def _look(self, task: int) -> tuple[float, str, int] | None:
        try:
            found: tuple[float, str, int] | None = self._ray.get(self.starts.look.remote(task), timeout=ANSWER_SECONDS)
        except self._ray.exceptions.RayError:
            return None
        return found

    def _kill(self, reference: Any, node: str, pid: int) -> None:
        # Ray asks the process to end, which one that is stopped does not hear; so it is killed from beside.
        self._ray.cancel(reference, force=True)
        where = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        options = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": where}
        self._ray.remote(kill_worker).options(**options).remote(pid)


def kill_worker(pid: int) -> bool:
    """Kill a worker of Ray on this machine; False when there is none of this number."""
    with suppress(OSError):
        # Its number may have been given to another process meanwhile.
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::"):
            os.kill(pid, signal.SIGKILL)
            return True
    return False
