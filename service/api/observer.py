"""Sees every request from its first byte to the last one of its answer: for the metrics and the access log."""

import time
from typing import Final

from starlette.datastructures import Headers
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.metrics.requests import RequestMetrics

_STREAM: Final = "text/event-stream"
_CLIENT_LEFT: Final = 499
"""No answer of ours: the client was gone before one began."""


class Observer:
    """ASGI middleware; must be outside of all others, so that it sees their answers too."""

    def __init__(self, app: ASGIApp, requests: RequestMetrics) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = _CLIENT_LEFT
        seconds: float | None = None

        async def send_observed(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status = message["status"]
                if Headers(raw=message.get("headers", ())).get("content-type", "").startswith(_STREAM):
                    seconds = time.perf_counter() - began
            await send(message)

        self._requests.begin()
        try:
            await self._app(scope, receive, send_observed)
        finally:
            taken = time.perf_counter() - began
            self._requests.end(operation_of(scope), scope["method"], status, taken if seconds is None else seconds)


def operation_of(scope: Scope) -> str:
    """Return the name of what was asked for: an operation of the API, a page's function, or "none"."""
    route: BaseRoute | None = scope.get("route")
    name = getattr(route, "operation_id", None) or getattr(route, "name", None)
    if name:
        return str(name)
    # Files are mounted, which is no route of its own.
    return "static" if scope["path"].startswith("/static/") else "none"
