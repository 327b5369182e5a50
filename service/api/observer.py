"""Sees every request from its first byte to the last one of its answer: for the metrics and the access log."""

import logging
import time
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import ADMISSION, Admission
from service.api.problems import REQUEST_ID, instance_of, printable
from service.errors import InternalError
from service.logs import REQUESTS
from service.metrics.requests import RequestMetrics

_STREAM: Final = "text/event-stream"
_CLIENT_LEFT: Final = 499
"""No answer of ours: the client was gone before one began."""

log = logging.getLogger(REQUESTS)


class Observer:
    """ASGI middleware; must be outside of all others, so that it sees their answers too."""

    def __init__(self, app: ASGIApp, requests: RequestMetrics, templates: Mapping[int, str]) -> None:
        self._app = app
        self._requests = requests
        self._templates = templates

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
            self._log(scope, status, taken)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        admission: Admission | None = scope.get(ADMISSION)
        fields = {
            "request_id": scope.get(REQUEST_ID, ""),
            "method": printable(scope["method"]),
            "path": self._path(scope),
            "status": status,
            "milliseconds": round(1000 * seconds, 1),
            "owner": admission.caller.owner if admission is not None and admission.caller is not None else None,
        }
        level = logging.WARNING if status >= InternalError.status else logging.INFO
        log.log(level, "%s %s %d", fields["method"], fields["path"], status, extra=fields)

    def _path(self, scope: Scope) -> str:
        """Return the template of the path, which names no job and no token; the path itself where nothing is there."""
        route: BaseRoute | None = scope.get("route")
        return self._templates.get(id(route), "") if route is not None else instance_of(scope)


def templates_of(app: FastAPI) -> dict[int, str]:
    """Return the whole path of each route, by the route's identity: a route has no hash.

    A route itself knows only the end of its path, below the routers that include it.
    """
    return {id(context.original_route): str(context.path_format) for context in iter_route_contexts(app.routes)}


def operation_of(scope: Scope) -> str:
    """Return the name of what was asked for: an operation of the API, a page's function, or "none"."""
    route: BaseRoute | None = scope.get("route")
    name = getattr(route, "operation_id", None) or getattr(route, "name", None)
    if name:
        return str(name)
    # Files are mounted, which is no route of its own; by now their folder counts as a part of `root_path`.
    root = scope.get("app_root_path", scope.get("root_path", ""))
    return "static" if scope["path"].startswith(f"{root}/static/") else "none"
