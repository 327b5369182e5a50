"""Notes every change, and who was refused one, before the answer leaves: what a client was told is in the log.

Reading is not noted, nor what failed without being forbidden (a faulty job spec, a job that has ended). Refusals are
noted up to a rate, so that nobody can fill the disk by being refused. The log never fails a request; where the database
is away there is nowhere to note that.
"""

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.audit import Change
from service.access.rate_limit import RateLimit
from service.api.access import ADMISSION, SAFE_METHODS, Admission, Entrance, Entrances
from service.api.problems import REQUEST_ID, printable
from service.store.audit_repository import AuditRepository
from service.store.database import Database

REFUSALS_PER_MINUTE: Final = 60
_REFUSED: Final = frozenset({401, 403})
_UNAVAILABLE: Final = 503

log = logging.getLogger(__name__)


class AuditTrail:
    """ASGI middleware around the guard and the doorkeeper, whose refusals it notes too."""

    def __init__(self, app: ASGIApp, database: Database, entrances: Entrances) -> None:
        self._app = app
        self._database = database
        self._entrances = entrances
        self._refusals = RateLimit(REFUSALS_PER_MINUTE, REFUSALS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = None
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            found = self._entrances.find(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        entrance, parameters = found

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start" and self._worth(message["status"]):
                await self._note(change_of(scope, entrance, parameters, message))
            await send(message)

        await self._app(scope, receive, send_noted)

    def _worth(self, status: int) -> bool:
        if status in _REFUSED:
            return self._refusals.take("").granted
        # A crash may have come after the change.
        return status < 400 or (status >= 500 and status != _UNAVAILABLE)

    async def _note(self, change: Change) -> None:
        try:
            await to_thread.run_sync(self._append, change)
        # The change is made by now: whatever keeps it from being noted must not tell the client that it failed.
        except Exception:
            log.exception("request %s could not be noted in the audit log", change.request_id)

    def _append(self, change: Change) -> None:
        with self._database.write() as session:
            AuditRepository(session).append(change)


def change_of(
    scope: MutableMapping[str, Any], entrance: Entrance, parameters: Mapping[str, str], answer: Message
) -> Change:
    """Return what is noted about a request; texts that its sender chose come shortened and printable."""
    admission: Admission | None = scope.get(ADMISSION)
    caller = None if admission is None else admission.caller
    segments = [part for part in entrance.path.split("/") if part and not part.startswith("{")]
    resource = segments[1] if len(segments) > 1 and segments[0] == "v1" else segments[0]
    named = next(iter(parameters.values()), None)
    # Something new is named by the answer alone.
    created = Headers(raw=answer["headers"]).get("location", "").rpartition("/")[2]
    client = scope.get("client")
    return Change(
        action=entrance.operation_id or entrance.route.name,
        object_kind=resource.removesuffix("s"),
        object_id=printable(created if named is None else named) or None,
        status=answer["status"],
        request_id=scope.get(REQUEST_ID, ""),
        client=printable(client[0]) if client else "",
        owner=None if caller is None else caller.owner,
        token_id=None if caller is None else caller.token_id,
    )
