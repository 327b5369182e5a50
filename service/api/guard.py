"""Keeps web sites away from the service, and heads of requests that nobody needs.

A browser reaches 127.0.0.1, and every machine beside its own, for any page that asks it to. Two checks stop that: the
Host header must bear a name that the service is known by (a page that points its own name at the service, DNS
rebinding, sends that name), and whatever changes something must come from the service's own origin or from a program,
which sends no Origin. There are no WebSockets.
"""

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.exposure import LOOPBACK_NAMES
from service.api.access import SAFE_METHODS
from service.api.problems import problem
from service.errors import AddressTooLong, CambrianError, HeadersTooLarge, HostNotAllowed, OriginNotAllowed

_HOST: Final = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::[0-9]{1,5})?", re.ASCII)

MAX_ADDRESS_BYTES: Final = 8_192
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 16_384


class Guard:
    """ASGI middleware: refuses foreign hosts (400), foreign origins on every change (403), and heads too large."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] = LOOPBACK_NAMES) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = _refusal(scope, self._hosts) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem(scope, refusal)(scope, receive, send)


def _refusal(scope: Scope, known: frozenset[str]) -> CambrianError | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_ADDRESS_BYTES:
        return AddressTooLong(f"the address with its query is longer than {MAX_ADDRESS_BYTES:,} bytes")
    # The server's own limit holds only for heads that do not arrive at once.
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        return HeadersTooLarge(f"at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES:,} bytes together are read")
    hosts = _values(scope, b"host")
    named = _HOST.fullmatch(hosts[0].decode("latin-1").lower()) if len(hosts) == 1 else None
    if named is None or named[1] not in known:
        return HostNotAllowed("the Host header does not bear a name of this service")
    if scope["method"] in SAFE_METHODS:
        return None
    # Same host and port: another program's page on this machine has another port, and is another origin.
    own = {b"http://" + hosts[0].lower(), b"https://" + hosts[0].lower()}
    if any(origin.lower() not in own for origin in _values(scope, b"origin")):
        return OriginNotAllowed("the Origin header names another origin than this service")
    if any(site not in {b"same-origin", b"none"} for site in _values(scope, b"sec-fetch-site")):
        return OriginNotAllowed("the Sec-Fetch-Site header says that another site sends this request")
    return None


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]
