"""Runs a search on a local Ray cluster and prints, as JSON, what the test wants to know.

A script of its own because a process belongs to one Ray cluster only, and because it is started in a folder of the
test's choice.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np

from core.dataset import Dataset, Split
from core.training import TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.evaluation import evaluate_candidate
from evolution.evolutionary_search import EvolutionarySearch
from evolution.loop import Evaluated, run_search
from evolution.ray_cluster import RayCluster
from evolution.ray_evaluator import Evaluate, RayEvaluator
from evolution.search import Budget
from evolution.space import SearchSpace


def data() -> Dataset:
    rng = np.random.default_rng(0)
    targets = rng.integers(2, size=900)
    inputs = (rng.normal(size=(900, 64)) + targets[:, None]).astype(np.float32)
    train, validation = (Split(inputs[part], targets[part]) for part in (slice(0, 600), slice(600, 900)))
    return Dataset("clouds", "classification", (64,), ("a", "b"), train, validation, None, "0" * 64).standardized()


def probing() -> Evaluate:
    """Return an evaluate function that travels by value and tells how it found things instead of the worker's name."""

    def probe(candidate: Candidate, dataset: Dataset) -> Evaluation:
        import core.dataset  # noqa: PLC0415 - what a worker finds under this name is the question

        address = dataset.train.inputs.__array_interface__["data"][0]
        store = ""
        for line in Path("/proc/self/maps").read_text().splitlines():
            low, high = (int(part, 16) for part in line.split()[0].split("-"))
            if low <= address < high:
                store = line.split(maxsplit=5)[5] if len(line.split()) > 5 else "heap"
        facts = {
            "pid": os.getpid(),
            "nice": os.nice(0),
            "core": core.dataset.__file__,
            "memory": store,
            "writable": bool(dataset.train.inputs.flags.writeable),
            "path": sys.path,
        }
        return replace(evaluate_candidate(candidate, dataset), worker=json.dumps(facts))

    return probe


def children() -> set[int]:
    sys.path.append(str(Path(__file__).parents[2]))
    from tests.evolution.ray_nodes import descendants  # noqa: PLC0415 - the path is set just before

    return descendants(os.getpid())


def listening(pids: set[int]) -> list[str]:
    """List the addresses on which the processes listen, in the kernel's hexadecimal form."""
    sockets = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(os.readlink(entry))
            except FileNotFoundError:
                continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.append(fields[1].split(":")[0])
    return found


def main() -> None:
    dataset = data()
    started = perf_counter()
    with RayEvaluator(dataset, RayCluster(cpus=2), evaluate=probing()) as evaluator:
        search = EvolutionarySearch(
            SearchSpace((64,), 2, max_units=64),
            TrainingConfig(epochs=2),
            rows=len(dataset.train),
            seed=3,
            parallelism=4,
            budget=Budget(evaluations=40),
        )
        first = 0.0
        rows = []
        waits = []
        asked = monotonic()
        for event in run_search(search, evaluator, wait_seconds=0.2):
            waits.append(monotonic() - asked)
            if isinstance(event, Evaluated):
                first = first or perf_counter() - started
                rows.append(event.evaluation)
                if len(rows) == 10:
                    # The rest is trained by Ray's workers, so that there is something to look at.
                    evaluator.wait_until_ready(60)
            asked = monotonic()
        ready = evaluator.wait_until_ready(60)
        private = Path(os.environ["RAY_AUTH_TOKEN_PATH"]).parent
        pids = children()
        addresses = listening(pids | {os.getpid()})
        modes = [oct((private / "token").stat().st_mode & 0o777), oct(private.stat().st_mode & 0o777)]
        closing = perf_counter()
    seconds = perf_counter() - closing
    rows.sort(key=lambda row: row.candidate.number)
    result = {
        "ready": ready,
        "first": first,
        "waits": waits,
        "fitness": [row.fitness for row in rows],
        "architectures": [row.candidate.architecture.describe() for row in rows],
        "serial": [evaluate_candidate(row.candidate, dataset).fitness for row in rows],
        "facts": [json.loads(row.worker) for row in rows],
        "driver": os.getpid(),
        "children": len(pids),
        "addresses": addresses,
        "modes": modes,
        "left": len(children()),
        "folder_left": private.exists(),
        "close_seconds": seconds,
    }
    print(json.dumps(result))  # noqa: T201 - this is how the test gets to know


if __name__ == "__main__":
    main()
