"""The process that reads one user's file: `python -P -m service.data.reading FILE OUTPUT OPTIONS LIMITS PARENT`.

It limits itself before it loads anything, writes the prepared arrays to OUTPUT and prints one JSON object:
`{"description": ...}`, `{"refused": ...}`, or what kept it from either: `out_of_memory`, `not_written`.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from service.data.limits import ChildLimits

_PR_SET_PDEATHSIG: Final = 1


def main(file: str, output: str, options: str, limits: str, parent: str) -> None:
    """Read, prepare, write, answer."""
    _end_with_parent(int(parent))
    _limit(ChildLimits(**json.loads(limits)))
    # What libraries print must not get between the answer's bytes.
    answer = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(answer, "w", encoding="utf-8") as pipe:
        json.dump(_answer(Path(file), Path(output), options), pipe)


def _answer(file: Path, output: Path, options: str) -> dict[str, Any]:
    # Loaded under the limits, because NumPy, pyarrow and Pillow count as what the file costs.
    from service.data.description import ReadOptions  # noqa: PLC0415
    from service.data.errors import InvalidFile  # noqa: PLC0415
    from service.data.preparation import prepare  # noqa: PLC0415
    from service.data.prepared import write_prepared  # noqa: PLC0415

    try:
        prepared = prepare(file, ReadOptions.from_json(json.loads(options)))
    except InvalidFile as refused:
        return {"refused": {"reason": refused.reason, "detail": refused.detail, "field": refused.field}}
    except MemoryError:
        return {"out_of_memory": True}
    try:
        write_prepared(output, prepared.description, prepared.encoder, prepared.inputs, prepared.targets)
    except MemoryError:
        return {"out_of_memory": True}
    except OSError as error:
        return {"not_written": error.errno}
    return {"description": prepared.description.to_json()}


def _end_with_parent(parent: int) -> None:
    """Let the kernel end this process with the one that waits for it; only Linux can."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was gone before the kernel knew.
        os._exit(1)


def _limit(limits: ChildLimits) -> None:
    for name, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.processor_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (most, most))


if __name__ == "__main__":
    main(*sys.argv[1:])
