"""The process that reads one user's file: `python -P -m service.data.reading FILE OUTPUT OPTIONS LIMITS PARENT`.

It limits itself before it loads anything, writes the prepared arrays to OUTPUT and prints one JSON object:
`{"description": ...}`, `{"refused": ...}`, or what kept it from either: `out_of_memory`, `not_written`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from service.confinement import end_with_parent, limit
from service.data.limits import ChildLimits


def main(file: str, output: str, options: str, limits: str, parent: str) -> None:
    """Read, prepare, write, answer."""
    end_with_parent(int(parent))
    most = ChildLimits(**json.loads(limits))
    limit(most.memory_bytes, most.processor_seconds)
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


if __name__ == "__main__":
    main(*sys.argv[1:])
