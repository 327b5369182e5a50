"""Opens one download in a process that knows nothing else, and answers rows with it.

The runner starts this file as a program of its own, with an empty environment:
`python -P fresh_process.py FORMAT FILE ROOT`. It takes the rows (float32, raw) as an `.npy` file from stdin and writes
`classes`, `numbers` and `versions` as an `.npz` file to stdout. It imports NumPy and what the format's users have:
nothing for a snippet, onnxruntime for ONNX, `core` (in the folder ROOT) for `.npz`.
"""

import io
import json
import platform
import runpy
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

BATCH_ROWS = 256
"""Rows that are answered at once: a snippet's convolution takes memory for every window of every row."""

Array = npt.NDArray[Any]
Answer = Callable[[Array], tuple[Array, Array]]
"""Gives the predicted classes (or values) of rows, and their probabilities (or values)."""


def open_npz(path: Path, _rows: Array, root: str) -> tuple[Answer, dict[str, str]]:
    """Load a network with the loader of this release."""
    sys.path.insert(0, root)
    from core.export import load_network  # noqa: PLC0415 - found only now

    network = load_network(path)

    def answer(rows: Array) -> tuple[Array, Array]:
        classes = network.predict(rows)
        return classes, classes if network.task == "regression" else network.predict_probabilities(rows)

    return answer, {}


def open_onnx(path: Path, _rows: Array, _root: str) -> tuple[Answer, dict[str, str]]:
    """Load an ONNX model from its bytes, so that it could open no other file."""
    import onnxruntime  # noqa: PLC0415 - an optional extra

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    output = session.get_outputs()[0]
    (name,) = (one.name for one in session.get_inputs())

    def answer(rows: Array) -> tuple[Array, Array]:
        numbers = session.run([output.name], {name: rows})[0]
        return (numbers if output.name == "values" else numbers.argmax(axis=1)), numbers

    return answer, {"onnxruntime": str(onnxruntime.__version__)}


def open_snippet(path: Path, rows: Array, _root: str) -> tuple[Answer, dict[str, str]]:
    """Run a snippet as the program that it is, on the first rows, and take its functions."""
    first = path.with_suffix(".npy")
    np.save(first, rows[:BATCH_ROWS])
    sys.argv = [str(path), str(first)]
    before = set(sys.modules)
    printed = io.StringIO()
    with redirect_stdout(printed):
        names = runpy.run_path(str(path), run_name="__main__")
    known = {"numpy", *sys.stdlib_module_names}
    strangers = {name.partition(".")[0] for name in set(sys.modules) - before} - known
    if strangers:
        raise ImportError(f"the snippet needs {', '.join(sorted(strangers))} besides NumPy")
    if not np.array_equal(json.loads(printed.getvalue()), names["predict"](rows[:BATCH_ROWS])):
        raise ValueError("the snippet prints other predictions than its function returns")

    def answer(some: Array) -> tuple[Array, Array]:
        classes = names["predict"](some)
        return classes, names["probabilities"](some) if "probabilities" in names else classes

    return answer, {}


OPENERS = {"npz": open_npz, "onnx": open_onnx, "snippet": open_snippet}


def main(format: str, file: str, root: str) -> None:  # noqa: A002 - the word of the API
    """Answer the rows of stdin with a file."""
    rows = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    answer, versions = OPENERS[format](Path(file), rows, root)
    batches = [answer(rows[start : start + BATCH_ROWS]) for start in range(0, len(rows), BATCH_ROWS)]
    classes, numbers = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    versions |= {"python": platform.python_version(), "numpy": np.__version__}
    content = io.BytesIO()
    np.savez(content, classes=classes, numbers=numbers, versions=np.array(json.dumps(versions)))
    sys.stdout.buffer.write(content.getvalue())


if __name__ == "__main__":
    main(*sys.argv[1:])
