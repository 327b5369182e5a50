"""What a runner process does beside its jobs, in threads of its own."""

import threading
from types import TracebackType
from typing import Final, Self

from service.runner.pruner import Pruner
from service.settings import Settings
from service.store.database import Database
from service.webhooks.deliverer import Deliverer

STOP_SECONDS: Final = 6.0
"""A delivery may be under way; one that is interrupted is attempted again."""


class Chores:
    """A context in which webhooks are told and old jobs removed, where the operator has switched that on."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        if settings.webhooks:
            deliverer = Deliverer(database, settings.webhook_hosts, self._stop)
            self._threads.append(threading.Thread(target=deliverer.run, name="webhooks", daemon=True))
        if settings.retention_days is not None or settings.retention_archived_days is not None:
            pruner = Pruner(database, settings, self._stop)
            self._threads.append(threading.Thread(target=pruner.run, name="pruner", daemon=True))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
