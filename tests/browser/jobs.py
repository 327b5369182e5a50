"""Jobs that runners work on while a page is open."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.runner.runner import Runner
from service.settings import Settings
from service.store.database import Database
from tests.browser.pages import Watched

Visit = Callable[[str, str], Watched]


@contextmanager
def working(database: Database, settings: Settings) -> Iterator[None]:
    """Run a runner in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(target=Runner(database, settings, stop).run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
