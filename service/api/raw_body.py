"""Bodies that are no JSON: only the routes that say so get them, as a stream, with limits that fit files.

A route says so by its class, `RawRoute`. All others read JSON of a moderate size (`json_body.py`), whatever a client
sends to them.
"""

import asyncio
from typing import Final

from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import ADMISSION, Admission
from service.api.problems import problem
from service.errors import (
    BadRequest,
    CambrianError,
    NotReady,
    PayloadTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

PATIENCE_SECONDS: Final = 30.0
SLOWEST_BYTES_PER_SECOND: Final = 65_536
"""A body may take the patience, and a second more for every so many bytes that have come: 200 MB within an hour."""


class RawRoute(APIRoute):
    """A route that reads the body of its request by itself; its endpoint must be `async`."""


class RawBodies:
    """Guards the bodies of all requests that the doorkeeper let in for a `RawRoute`.

    A body has at most `max_bytes`, no Content-Encoding, and comes without long pauses. What breaks a rule is raised
    where the endpoint reads it, so that the endpoint can leave things in order.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._waits: set[asyncio.Timeout] = set()
        self._closing = False

    def has(self, scope: Scope) -> bool:
        """Say whether a request is for one of these routes."""
        admission: Admission | None = scope.get(ADMISSION)
        return admission is not None and isinstance(admission.route, RawRoute)

    def close(self) -> None:
        """Refuse what is still being received, because the service stops; call it on the event loop."""
        self._closing = True
        for wait in self._waits:
            wait.reschedule(asyncio.get_running_loop().time())

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            announced = self._announced(Headers(scope=scope))
        except CambrianError as error:
            await problem(scope, error, {"Connection": "close"})(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        received = 0
        complete = False

        async def receive_counted() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()
            message = await self._receive(receive, deadline + received / SLOWEST_BYTES_PER_SECOND)
            if message["type"] == "http.disconnect":
                return message
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise self._too_large()
            complete = not message.get("more_body", False)
            if complete and announced not in {None, received}:
                raise BadRequest(f"the header Content-Length announced {announced:,} bytes, and {received:,} came")
            return message

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start" and not complete:
                # What is left of the body must not be taken for the next request.
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        try:
            await app(scope, receive_counted, send_closing)
        except ClientDisconnect:
            # Nobody is there to be answered.
            return

    def _announced(self, headers: Headers) -> int | None:
        if headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
            raise UnsupportedMediaType("compressed bodies are not read; leave Content-Encoding out")
        text = headers.get("content-length")
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()):
            raise BadRequest("the header Content-Length must be a whole number")
        if len(text) > len(str(self._max_bytes)) or int(text) > self._max_bytes:
            raise self._too_large()
        return int(text)

    async def _receive(self, receive: Receive, deadline: float) -> Message:
        try:
            async with asyncio.timeout_at(0 if self._closing else deadline) as wait:
                self._waits.add(wait)
                try:
                    return await receive()
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            if self._closing:
                raise NotReady("the service stops; send the file again when it is back") from None
            raise RequestTimeout(
                f"the body came too slowly: it may take {PATIENCE_SECONDS:g} seconds, and one more for every "
                f"{SLOWEST_BYTES_PER_SECOND:,} bytes"
            ) from None

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"the body is larger than {self._max_bytes:,} bytes")
