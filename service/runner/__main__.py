"""The runner process: claims jobs and executes them until it is asked to stop."""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from service.logs import configure_logging
from service.runner.parent import watch_parent
from service.runner.runner import Runner
from service.settings import Settings
from service.store.database import Database

IMMEDIATE = 1


def main() -> int:
    """Run until SIGTERM or SIGINT (a second one ends at once), or until the process that started this one is gone."""
    settings = Settings()
    configure_logging(settings.log_level)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(IMMEDIATE)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    watch_parent(stop)
    # Ray hands the current directory to its workers as an import path. An empty one of ours cannot hold a folder
    # named core/ that shadows Cambrian's.
    directory = Path(settings.data_dir).resolve() / "runner"
    directory.mkdir(parents=True, exist_ok=True)
    os.chdir(directory)
    database = Database(settings.database_url)
    try:
        database.upgrade()
        Runner(database, settings, stop).run()
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
