"""The process that examines candidates: `python -P -m service.examination`, with its task as JSON on stdin.

It limits itself, loads the data once, examines one candidate after the other and prints a line of JSON for each thing
that happens: `{"key": ..., "epoch": 3}`, `{"key": ..., "done": true}`, `{"key": ..., "failed": "why"}`, or `refused` in
its place where trying again would not help. What it finds it writes into the folder that it was given, each file whole
or not at all, the JSON last: whoever sees that finds the others too. It is given no address of a database, and no test
row leaves `_load`.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from service.confinement import end_with_parent, limit
from service.examination.limits import NICENESS

TOLD_SECONDS: Final = 0.2
"""Epochs are told at most so often."""


def main() -> None:
    """Do what stdin says."""
    task = json.load(sys.stdin)
    end_with_parent(task["parent"])
    limit(task["memory_bytes"], task["processor_seconds"])
    os.nice(NICENESS)
    # What libraries print must not get between the lines.
    lines = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(lines, "w", encoding="utf-8", buffering=1) as pipe:
        _examine_all(task, pipe)


def _examine_all(task: dict[str, Any], pipe: IO[str]) -> None:
    # Loaded under the limits: NumPy, the readers and their packages count as what an examination costs.
    from evolution.blas import pin_blas  # noqa: PLC0415
    from service.data.errors import DatasetUnavailable  # noqa: PLC0415
    from service.examination.examine import NotExamined, examine  # noqa: PLC0415
    from service.examination.files import write_examined  # noqa: PLC0415
    from service.examination.order import Order  # noqa: PLC0415
    from service.runner.niceness import give_way  # noqa: PLC0415

    give_way()
    pin_blas()
    orders = {key: Order.from_json(told) for key, told in task["orders"].items()}
    data = None
    for key, order in orders.items():

        def say(key: str = key, **what: object) -> None:
            pipe.write(json.dumps({"key": key, **what}) + "\n")

        say(epoch=0)
        try:
            if data is None:
                data = _load(order, Path(task["datasets"]))
            write_examined(Path(task["folder"]), key, examine(order, data, _counter(say)))
        except (NotExamined, DatasetUnavailable) as error:
            say(refused=str(error))
        except MemoryError:
            say(failed="the training does not fit into the memory that an examination may use")
        except OSError as error:
            say(failed=f"what was found could not be written: {error.strerror or type(error).__name__}")
        else:
            say(done=True)


def _load(order: Any, folder: Path) -> Any:
    from service.data.prepared import load_dataset, load_prepared  # noqa: PLC0415
    from service.examination.examine import Data  # noqa: PLC0415

    if order.prepared is None:
        whole, encoder = load_dataset(order.dataset, folder), None
    else:
        whole, encoder = load_prepared(Path(order.prepared))
    raw = whole.without_test()
    return Data(raw, raw.standardized(), encoder)


def _counter(say: Callable[..., None]) -> Callable[[], None]:
    epochs, told = 0, time.monotonic()

    def count() -> None:
        nonlocal epochs, told
        epochs += 1
        if (now := time.monotonic()) - told >= TOLD_SECONDS:
            told = now
            say(epoch=epochs)

    return count


if __name__ == "__main__":
    main()
