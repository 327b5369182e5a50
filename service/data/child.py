"""Reads a user's file in a process of its own, so that a hostile file can cost no more than that process.

The process gets an environment without secrets, no input, limits on memory and time, and is ended with everything that
it may have started. This one reads its answer, a few megabytes at most, and loads nothing that parses files.
"""

import json
import logging
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from service.data.description import Description, ReadOptions
from service.data.errors import InvalidFile
from service.data.limits import MAX_ANSWER_BYTES, MAX_OPTIONS_BYTES, ChildLimits

ROOT: Final = Path(__file__).parents[2]
"""The folder that holds the packages, whatever the current one is."""

_BLOCK: Final = 65_536
_KEPT_ERROR_BYTES: Final = 4_096
_USUAL: Final = ChildLimits()

log = logging.getLogger(__name__)


def read_in_child(path: Path, options: ReadOptions, output: Path, *, limits: ChildLimits = _USUAL) -> Description:
    """Read the file at `path`, write the prepared arrays to `output` (`.npz`, atomically) and describe them.

    Raises InvalidFile, also when the process was ended because it reached one of its limits, and OSError where the
    arrays could not be written.
    """
    asked = json.dumps(options.to_json())
    if len(asked) > MAX_OPTIONS_BYTES:
        detail = f"the options have {len(asked):,} bytes; the limit is {MAX_OPTIONS_BYTES:,}. Name fewer columns"
        raise InvalidFile("unacceptable", f"{detail}, and remove the others from the file", field="ignored_columns")
    # Written under another name first, so that nobody ever reads half a file.
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(8)}.tmp")
    command = [
        sys.executable,
        "-P",
        "-m",
        "service.data.reading",
        str(path.absolute()),
        str(temporary.absolute()),
        asked,
    ]
    try:
        content = _answer([*command, json.dumps(asdict(limits)), str(os.getpid())], limits)
        try:
            description = _description(json.loads(content), limits)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            # What was made to read a hostile file is not believed to answer in good form.
            raise _failed() from error
        os.replace(temporary, output)
    finally:
        temporary.unlink(missing_ok=True)
    return description


def _description(answer: dict[str, Any], limits: ChildLimits) -> Description:
    if "refused" in answer:
        refused = answer["refused"]
        raise InvalidFile(refused["reason"], refused["detail"], field=refused["field"])
    if "out_of_memory" in answer:
        raise _out_of_memory(limits)
    if "not_written" in answer:
        raise OSError(answer["not_written"], os.strerror(answer["not_written"]))
    return Description.from_json(answer["description"])


def _out_of_memory(limits: ChildLimits) -> InvalidFile:
    detail = f"reading the file takes more memory than the limit of {limits.memory_bytes // 1_000_000:,} MB"
    return InvalidFile("too-large", f"{detail}. Take fewer rows or columns")


def _too_slow(limits: ChildLimits) -> InvalidFile:
    seconds = f"{limits.processor_seconds} seconds of processor time, {limits.wall_seconds:g} in all"
    return InvalidFile(
        "too-large", f"reading the file takes longer than the limit of {seconds}. Take fewer rows or columns"
    )


def _failed() -> InvalidFile:
    return InvalidFile(
        "unacceptable",
        "the file made its reader fail, so it is damaged or written in an unusual way; write it again, or save the "
        "table as CSV",
    )


def _answer(command: list[str], limits: ChildLimits) -> bytes:
    # One thread: each one that a library starts reserves memory under the limit.
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    with subprocess.Popen(  # noqa: S603 (our own interpreter and module; what users say are plain arguments)
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    ) as process:
        try:
            content, errors = _output(process, time.monotonic() + limits.wall_seconds)
        finally:
            _end(process)
    if content is None:
        raise _too_slow(limits)
    code = process.returncode
    if code == 0 and len(content) <= MAX_ANSWER_BYTES:
        return content
    log.warning("the reader of a file ended with %d: %s", code, errors.decode(errors="replace"))
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        # The hard limit of processor time kills as the kernel does when memory runs out.
        raise _too_slow(limits)
    if code == -signal.SIGABRT or b"MemoryError" in errors or b"bad_alloc" in errors or b"failed to map" in errors:
        raise _out_of_memory(limits)
    raise _failed()


def _output(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes | None, bytes]:
    """Return what the process printed, None if it ran past the deadline, and the end of its error output."""
    printed = {"answer": bytearray(), "errors": bytearray()}
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("answer", process.stdout), ("errors", process.stderr)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, name)
        while selector.get_map():
            left = deadline - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            if not ready:
                return None, bytes(printed["errors"])
            for key, _ in ready:
                block = os.read(key.fd, _BLOCK)
                if not block:
                    selector.unregister(key.fileobj)
                printed[key.data] += block
            del printed["errors"][:-_KEPT_ERROR_BYTES]
            if len(printed["answer"]) > MAX_ANSWER_BYTES:
                break
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None, bytes(printed["errors"])
    return bytes(printed["answer"]), bytes(printed["errors"])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started: its group bears its number until it has been waited for."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
