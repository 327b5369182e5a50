"""Ends uploads when the service stops: whoever still sends a body is told to come again, and holds nothing up."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import ServiceStopping


class StopSignal:
    """Tells every request of one application that the service stops; set by the server, in its event loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Say that the service stops."""
        self._event.set()

    async def before(self, receive: Receive) -> Message:
        """Return the next message of a request. Raises ServiceStopping if the service stops first."""
        if self._event.is_set():
            raise _stopping()
        message, stop = asyncio.ensure_future(receive()), asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait((message, stop), return_when=asyncio.FIRST_COMPLETED)
            if message.done():
                return message.result()
            raise _stopping()
        finally:
            for task in (message, stop):
                if not task.done():
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task


class Stopping:
    """ASGI middleware: reading the rest of a body raises ServiceStopping once the service stops.

    Must be outside of what reads bodies and inside of what turns exceptions into answers.
    """

    def __init__(self, app: ASGIApp, signal: StopSignal) -> None:
        self._app = app
        self._signal = signal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        whole = False

        async def receive_until_stop() -> Message:
            nonlocal whole
            # What comes after the body is the news that the client left, which streams wait for.
            message = await (receive() if whole else self._signal.before(receive))
            whole = whole or not message.get("more_body", False)
            return message

        await self._app(scope, receive_until_stop, send)


def _stopping() -> ServiceStopping:
    return ServiceStopping("the service stopped before the whole body had arrived; nothing of it was kept")
