"""Whether a download computes what was measured: loaded in a fresh process, it must answer the test rows as stored.

The exported model that is not the one that was scored is a fault that users of such systems meet (AutoKeras, issues 186
and 271). So nothing is offered on trust: each file is opened by `fresh_process.py`, with an empty environment and only
that file, and its answers are held against two things. The classes must be those that the final phase stored for the
very training that was kept, each of them. The probabilities must be within 1e-5 of the scale of the network's outputs
of what the network itself computes here: every program adds up a product's terms in an order of its own. A regression's
values must be as close to both, measured by the largest of them.
"""

import hashlib
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

import core.export
from core.archive import DAMAGE
from core.errors import CoreError
from core.network import Network
from service.export.downloads import FILE_NAMES, write_download
from service.export.errors import OnnxUnavailable
from service.runner import fresh_process
from service.store.entities import DownloadFormat, StoredNetwork, now
from service.store.proof_repository import Proof, failed

TOLERANCE: Final = 1e-5
PROCESS_SECONDS: Final = 600.0
OBEY_SECONDS: Final = 0.25
REASON_LENGTH: Final = 300

Array = npt.NDArray[Any]


class ProofFailed(Exception):
    """The file is not handed out; the message says why."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a file must reproduce: raw test rows, and the answers that the kept training's evaluation stores for them.

    That is one little-endian number per row: uint16, a class, or float64, a regression's value.
    """

    inputs: npt.NDArray[np.float32]
    stored: bytes


@dataclass(frozen=True, eq=False)
class Answers:
    """What a file answered: classes (n,), probabilities or values (n, k), and the versions of what computed them."""

    classes: Array
    numbers: Array
    versions: dict[str, str]


def prove(
    format: DownloadFormat,  # noqa: A002 - the word of the API
    network: StoredNetwork,
    measured: Measured,
    folder: Path,
    obey: Callable[[], None],
) -> tuple[Proof, bytes | None]:
    """Write one download and try it; return what was found and, where it passed, the file.

    `folder` is made for it and removed. `obey` is called all the time; what it raises ends the process and is raised.
    """
    started = time.monotonic()
    try:
        if hashlib.sha256(network.content).hexdigest() != network.sha256:
            raise ProofFailed("the stored network is not the one that was stored: its SHA-256 is another one")
        content = _written(format, network.content)
        with _alone(folder):
            file = folder / FILE_NAMES[format]
            file.write_bytes(content)
            answers = _fresh_answers(format, file, measured.inputs, obey)
        difference = _largest_difference(core.export.from_bytes(network.content), measured, answers)
    except OSError as error:
        # A full disk, for example: no reason to lose a verdict.
        reason = f"the file could not be tried: {error.strerror or type(error).__name__}"
        return failed(format, reason, time.monotonic() - started), None
    except ProofFailed as reason:
        return failed(format, str(reason)[:REASON_LENGTH], time.monotonic() - started), None
    proof = Proof(
        format=format,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        compared_rows=len(measured.inputs),
        largest_difference=difference,
        versions=answers.versions,
        seconds=time.monotonic() - started,
        error=None,
        created_at=now(),
    )
    return proof, content


def _written(format: DownloadFormat, content: bytes) -> bytes:  # noqa: A002 - the word of the API
    if format == "onnx" and importlib.util.find_spec("onnxruntime") is None:
        raise ProofFailed("onnxruntime is not installed where the job ran, so an ONNX model could not be tried there")
    try:
        return write_download(format, content)
    except OnnxUnavailable as error:
        raise ProofFailed(f"{error} (where the runner is)") from error
    except CoreError as error:
        raise ProofFailed(str(error)) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make a folder that holds nothing, and remove it; one that a killed runner left behind is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fresh_answers(
    format: DownloadFormat,  # noqa: A002 - the word of the API
    file: Path,
    inputs: Array,
    obey: Callable[[], None],
) -> Answers:
    root = str(Path(core.export.__file__).parents[1])
    command = (sys.executable, "-P", fresh_process.__file__, format, str(file), root)
    # The rows come from a file without a name, so that the folder holds the download alone.
    with tempfile.TemporaryFile(dir=file.parent) as rows:
        np.save(rows, inputs)
        rows.seek(0)
        # No environment, so that nothing of this process's decides what the file computes.
        with subprocess.Popen(  # noqa: S603 - no input takes part in the command
            command, env={}, cwd=file.parent, stdin=rows, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                output, said = _communicate(process, obey)
            finally:
                process.kill()
    if process.returncode != 0:
        raise ProofFailed(f"the file could not be used in a fresh process: {_last_line(said, file.parent)}")
    try:
        with np.load(io.BytesIO(output), allow_pickle=False) as stored:
            return Answers(stored["classes"], stored["numbers"], json.loads(str(stored["versions"])))
    except DAMAGE as error:
        raise ProofFailed("the fresh process did not answer as it should") from error


def _communicate(process: "subprocess.Popen[bytes]", obey: Callable[[], None]) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + PROCESS_SECONDS
    while True:
        # Asked again, it goes on where it was.
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=OBEY_SECONDS)
        obey()
        if time.monotonic() > deadline:
            raise ProofFailed(f"the fresh process took longer than {PROCESS_SECONDS:g} seconds")


def _largest_difference(network: Network, measured: Measured, answers: Answers) -> float:
    """Return how far the answers are from the network's own. Raises ProofFailed where they are not the same."""
    prepared = measured.inputs.reshape(len(measured.inputs), -1)
    if network.standardization is not None:
        prepared = network.standardization.apply(prepared)
    outputs = network.logits(prepared)
    own = network.predict(measured.inputs)
    numbers = own if network.task == "regression" else network.predict_probabilities(measured.inputs)
    if answers.numbers.shape != numbers.shape or answers.classes.shape != own.shape:
        raise ProofFailed(f"answers of shape {answers.numbers.shape} came back, expected {numbers.shape}")
    if not np.isfinite(answers.numbers).all():
        raise ProofFailed("some answers are not finite numbers")
    stored = _stored_answers(network, measured)
    difference = float(np.abs(answers.numbers.astype(np.float64) - numbers).max())
    if network.task == "regression":
        difference = max(difference, float(np.abs(answers.numbers[:, 0] - stored).max()))
        scale = float(np.abs(numbers).max())
    else:
        scale = max(1.0, float(np.abs(outputs).max()))
    if difference > TOLERANCE * scale:
        raise ProofFailed(
            f"answers differ from what was measured by up to {difference:.2g}; {TOLERANCE * scale:.2g} is the limit"
        )
    if network.task != "regression":
        others = np.flatnonzero(answers.classes != stored)
        if len(others):
            raise ProofFailed(
                f"{len(others):,} of {len(own):,} test rows get another class than the one that was measured; "
                f"the first of them is row {others[0]}"
            )
    return difference


def _stored_answers(network: Network, measured: Measured) -> Array:
    kind = np.dtype("<f8" if network.task == "regression" else "<u2")
    if len(measured.stored) != len(measured.inputs) * kind.itemsize:
        raise ProofFailed(f"the answers that are stored are not one for each of the {len(measured.inputs):,} test rows")
    return np.frombuffer(measured.stored, kind)


def _last_line(said: bytes, folder: Path) -> str:
    """Return what an error ended with, without where on this machine it happened."""
    lines = said.decode("utf-8", "replace").replace(f"{folder}/", "").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
