"""The runner process: claims jobs and executes them until it is asked to stop."""

import logging
import os
import signal
import sys
import threading
from types import FrameType

from service.errors import CambrianError, DatabaseUnavailable, SchemaNewer
from service.logs import configure_logging
from service.runner.chores import Chores
from service.runner.directory import enter_own_directory
from service.runner.niceness import give_way
from service.runner.parent import watch_parent
from service.runner.runner import DATABASE_SECONDS, Runner
from service.settings import Settings
from service.store.database import Database

IMMEDIATE = 1

log = logging.getLogger("service.runner")


def main() -> int:
    """Run until SIGTERM or SIGINT (a second one ends at once), or until the process that started this one is gone."""
    settings = Settings()
    configure_logging(settings.log_level, settings.log_format)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(IMMEDIATE)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    watch_parent(stop)
    enter_own_directory(settings)
    give_way()
    database = Database(settings.database_url)
    try:
        while not stop.is_set():
            try:
                database.upgrade()
                break
            except DatabaseUnavailable as error:
                log.warning("%s Trying again in %.0f s", error, DATABASE_SECONDS)
                stop.wait(DATABASE_SECONDS)
        with Chores(database, settings):
            Runner(database, settings, stop).run()
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, CambrianError, SchemaNewer) as error:
        log.error("the runner cannot run: %s", error)
        sys.exit(IMMEDIATE)
