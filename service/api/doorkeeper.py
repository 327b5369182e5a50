"""Decides about every request before its body is read: who makes it, and whether they may."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.caller import LOCAL
from service.api.access import ADMISSION, Admission, Entrances, require
from service.api.problems import problem
from service.errors import CambrianError


class Doorkeeper:
    """ASGI middleware: finds the route of a request, and lets it in for this route alone."""

    def __init__(self, app: ASGIApp, entrances: Entrances) -> None:
        self._app = app
        self._entrances = entrances

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            try:
                self._admit(scope)
            except CambrianError as error:
                await problem(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        found = self._entrances.find(scope)
        if found is None:
            return
        entrance, _ = found
        require(LOCAL, *entrance.scopes(scope["method"]))
        scope[ADMISSION] = Admission(entrance.route, LOCAL)
