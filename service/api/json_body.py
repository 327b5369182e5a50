"""Reads the body of a request before any endpoint sees it: small enough, fast enough, JSON, and strictly so."""

import asyncio
import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import ADMISSION
from service.api.json_text import parse_json
from service.api.problems import problem
from service.api.raw_body import RawBodies
from service.errors import BadRequest, CambrianError, PayloadTooLarge, RequestTimeout, UnsupportedMediaType

MAX_BYTES: Final = 1_000_000
MAX_SECONDS: Final = 20.0
# Parsing this much takes a millisecond; more goes to a thread, so that other requests are served meanwhile.
_INLINE_BYTES: Final = 16_384

_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON: Final = re.compile(r'application/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)


class _Disconnected(Exception):
    """The client left before the body was complete; nobody is there to be answered."""


class JsonBody:
    """ASGI middleware: bodies are JSON, at most MAX_BYTES, here within MAX_SECONDS, and parse strictly.

    Those of `raw` have rules of their own, and what is for no route is not read at all: the answer is 404 or 405.
    """

    def __init__(self, app: ASGIApp, raw: RawBodies) -> None:
        self._app = app
        self._raw = raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the endpoint gets the whole body as one message."""
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await self._app(scope, receive, send)
            return
        if scope.get(ADMISSION) is None:
            await self._app(scope, _receive_nothing, _closing(send))
            return
        if self._raw.has(scope):
            await self._raw.serve(self._app, scope, receive, send)
            return
        try:
            body = await _checked_body(Headers(scope=scope), receive)
        except _Disconnected:
            return
        except CambrianError as error:
            # What is left of the body must not be taken for the next request.
            await problem(scope, error, {"Connection": "close"})(scope, receive, send)
            return
        given = False

        async def receive_body() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_body, send)


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _closing(send: Send) -> Send:
    """Return what answers and hangs up: what is left of the body must not be taken for the next request."""

    async def send_closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
        await send(message)

    return send_closing


async def _checked_body(headers: Headers, receive: Receive) -> bytes:
    announced = headers.get("content-length", "")
    # Starlette joins nothing here: several lengths are refused by the server before.
    if announced and not (announced.isascii() and announced.isdigit()):
        raise BadRequest("the header Content-Length must be a whole number")
    if len(announced) > len(str(MAX_BYTES)) or int(announced or 0) > MAX_BYTES:
        raise _too_large()
    if headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise UnsupportedMediaType("compressed bodies are not read; leave Content-Encoding out")
    try:
        async with asyncio.timeout(MAX_SECONDS):
            body = await _read(receive)
    except TimeoutError:
        raise RequestTimeout(f"the body did not arrive within {MAX_SECONDS:g} seconds") from None
    if body:
        content_type = headers.get("content-type", "")
        if not _JSON.fullmatch(content_type.strip()):
            raise UnsupportedMediaType("the body must be JSON in UTF-8, with the header Content-Type: application/json")
        if len(body) > _INLINE_BYTES:
            await asyncio.to_thread(parse_json, body)
        else:
            parse_json(body)
    return body


async def _read(receive: Receive) -> bytes:
    chunks = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        chunks += message.get("body", b"")
        if len(chunks) > MAX_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(chunks)


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"the body is larger than {MAX_BYTES:,} bytes")
