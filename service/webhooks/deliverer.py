"""Delivers what webhooks are to be told: a thread of the runner, apart from the searches, which never wait for it."""

import json
import logging
import threading
import time
from collections.abc import Collection
from importlib.metadata import version
from typing import Final

from service.errors import DatabaseUnavailable
from service.store.database import Database
from service.store.entities import Dispatch
from service.store.webhook_repository import WebhookRepository
from service.webhooks.sender import Answer, send
from service.webhooks.signature import HEADER, signature

LOOK_SECONDS: Final = 1.0
_AGENT: Final = f"Cambrian/{version('cambrian')}"

log = logging.getLogger(__name__)


class Deliverer:
    """Attempts one delivery after the other; several processes share them through their rows."""

    def __init__(self, database: Database, allowed: Collection[str], stop: threading.Event) -> None:
        self._database = database
        self._allowed = allowed
        self._stop = stop

    def run(self) -> None:
        """Deliver until `stop` is set."""
        while not self._stop.is_set():
            try:
                if not self.step():
                    self._stop.wait(LOOK_SECONDS)
            except DatabaseUnavailable as error:
                log.warning("webhooks: %s Trying again in %.0f s", error, LOOK_SECONDS)
                self._stop.wait(LOOK_SECONDS)

    def step(self) -> bool:
        """Make the attempt that is due, if any; False when there was none."""
        with self._database.read() as session:
            if not WebhookRepository(session).has_work():
                return False
        with self._database.write() as session:
            webhooks = WebhookRepository(session)
            webhooks.give_up()
            webhooks.prepare()
            dispatch = webhooks.begin()
        if dispatch is None:
            return False
        # No transaction is open while the other side is waited for.
        answer = self._attempt(dispatch)
        with self._database.write() as session:
            WebhookRepository(session).end(dispatch.delivery, answer.status, answer.error)
        return True

    def _attempt(self, dispatch: Dispatch) -> Answer:
        delivery = dispatch.delivery
        body = json.dumps({"delivery": delivery.id, "event": f"job.{delivery.event}", **delivery.data}).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _AGENT,
            "Cambrian-Delivery": delivery.id,
            "Cambrian-Attempt": str(delivery.attempts),
            HEADER: signature(dispatch.secret, int(time.time()), body),
        }
        answer = send(dispatch.url, body, headers, self._allowed)
        if not answer.delivered:
            log.info("webhook of job %s: attempt %d: %s", delivery.job_id, delivery.attempts, answer.error)
        return answer
