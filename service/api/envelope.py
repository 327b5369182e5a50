"""The outermost layer: an id for every request, headers that protect a browser, and a problem for every crash."""

import logging
import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from service.api.problems import REQUEST_ID, problem
from service.errors import InternalError

_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

# The two style elements that Plotly's script makes: one is empty and filled by rules later, the other is the same in
# every page. Their hashes let them in, and no other style that is not a file of ours.
PLOTLY_STYLES: Final = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)
_SECURITY: Final = {
    "Content-Security-Policy": (
        f"default-src 'self'; style-src 'self' {PLOTLY_STYLES}; img-src 'self' data: blob:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

log = logging.getLogger(__name__)


class Envelope:
    """ASGI middleware; must be the outermost one but for the observer, so that answers of the others are covered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        scope[REQUEST_ID] = request_id
        started = False

        async def send_enveloped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in _SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        # In every line that the request brings about, also from the threads that answer it.
        bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_enveloped)
        except Exception:
            log.exception("request %s failed", request_id)
            if started:
                # Half an answer is out: only an aborted connection still tells the client that it is not whole.
                raise
            error = InternalError("the service failed; its log has more under this request id")
            await problem(scope, error)(scope, receive, send_enveloped)
