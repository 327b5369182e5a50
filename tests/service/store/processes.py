"""Processes of our own, started together and quickly: forked from one that has the imports behind it."""

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from typing import Any

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["service.store.database", "service.store.candidate_repository", "psycopg"])


def start(work: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    process = context.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def join(*processes: ForkServerProcess) -> list[int | None]:
    """Wait for the processes, and return how they ended."""
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


KILLED = -signal.SIGKILL
