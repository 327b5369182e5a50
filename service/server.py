"""Serves the application over HTTP on the loopback address."""

import socket
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from service.api.event_feed import EventFeed
from service.api.raw_body import RawBodies
from service.api.stopping import StopSignal
from service.settings import Settings

GRACE_SECONDS: Final = 5
_HEADER_BYTES: Final = 16_384


class Server(uvicorn.Server):
    """uvicorn, with event streams that end when the server does: by itself it waits for them for ever."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                # One parser everywhere, whatever is installed beside: limits and refusals are its own.
                http="h11",
                ws="none",
                lifespan="on",
                h11_max_incomplete_event_size=_HEADER_BYTES,
                timeout_graceful_shutdown=GRACE_SECONDS,
                # Logging is set up once for the whole process (service/logs.py).
                log_config=None,
                access_log=False,
                server_header=False,
                # Behind no proxy: nobody may say where a request comes from.
                proxy_headers=False,
            )
        )
        self._feed: EventFeed = app.state.event_feed
        self._raw_bodies: RawBodies = app.state.raw_bodies
        self._stop: StopSignal = app.state.stop

    @property
    def url(self) -> str:
        """The address that clients use; known once the server has started (`started`)."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, both ways, first; then wait for the requests that are being answered."""
        self._feed.close()
        self._raw_bodies.close()
        self._stop.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at the first signal, and at once at a second one, of whichever kind."""
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)
