"""Ends a process when the one that started it is gone: nothing may outlive a service that was killed."""

import logging
import os
import threading

PARENT_VARIABLE = "CAMBRIAN_PARENT_PID"
LOOK_SECONDS = 0.5
GRACE_SECONDS = 8.0

log = logging.getLogger(__name__)


def watch_parent(stop: threading.Event) -> None:
    """Set `stop` when the process that started this one is gone, and end hard if that does not help in time.

    Does nothing in a process that was started by hand.
    """
    parent = os.environ.get(PARENT_VARIABLE, "")
    if parent.isdigit():
        threading.Thread(target=_watch, args=(int(parent), stop), name="parent watch", daemon=True).start()


def _watch(parent: int, stop: threading.Event) -> None:
    ended = threading.Event()  # never set: a pause that needs no sleep
    while os.getppid() == parent:
        ended.wait(LOOK_SECONDS)
    log.warning("the process that started this one is gone; stopping")
    stop.set()
    ended.wait(GRACE_SECONDS)
    os._exit(1)
