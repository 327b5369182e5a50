"""Decides about every request before its body is read: who makes it, whether they may, and whether too often.

A caller is known by a token in the header `Authorization: Bearer`, never by one in an address, which ends in logs and
histories. Browsers read the pages, and send no such header of their own: signing in (`dashboard/sign_in.py`) leaves
a cookie that stands for a token. A cookie is sent along with whatever another site makes the browser ask for, so it is
`SameSite=Strict`, it counts for nothing when the browser says that another site asks (Sec-Fetch-Site), and for a change
only together with an Origin header, which the guard has found to be the service's own by then. Programs that use the
API have no need of it.

On the loopback address, without `require_token`, whoever brings neither is the user of this machine.
"""

import math
from collections.abc import Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from anyio import to_thread
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.authentication import token_of_secret, token_of_session
from service.access.caller import LOCAL, Caller
from service.access.exposure import is_loopback
from service.access.rate_limit import Allowance, RateLimit, network_of
from service.access.sessions import Sessions
from service.api.access import ADMISSION, SAFE_METHODS, Admission, Entrances, require
from service.api.problems import problem
from service.errors import CambrianError, RateLimited, Unauthorized
from service.settings import Settings
from service.store.database import Database

COOKIE: Final = "cambrian_session"
FAILURES_PER_MINUTE: Final = 20
_BURST_SECONDS: Final = 10

SignInPage = Callable[[Request], Response]


class Door:
    """What the doorkeeper knows: the limits, the sessions, and where tokens are kept. One per application.

    `nobody` is who brings neither token nor cookie: the user of this machine, or None.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.database = database
        is_open = is_loopback(settings.host) and not settings.require_token
        self.nobody: Final = LOCAL if is_open else None
        self.sessions = Sessions()
        burst = settings.requests_per_minute * _BURST_SECONDS // 60
        self._by_token = RateLimit(settings.requests_per_minute, burst)
        self._by_address = RateLimit(settings.requests_per_minute, burst)
        self._failures = RateLimit(FAILURES_PER_MINUTE, FAILURES_PER_MINUTE)

    async def caller(self, scope: Scope) -> Caller | None:
        """Return who makes a request; None where nobody is known. Raises Unauthorized for a token that is not valid."""
        headers = Headers(scope=scope)
        if "authorization" in headers:
            return await self.bearer(scope, headers.getlist("authorization"))
        token_id = self._session(scope, headers)
        if token_id is not None:
            token = await to_thread.run_sync(token_of_session, self.database, token_id)
            if token is not None:
                return token.caller
        return self.nobody

    async def bearer(self, scope: Scope, values: list[str]) -> Caller:
        """Return who brings the token of these Authorization headers. Raises Unauthorized and RateLimited."""
        kind, _, secret = values[0].partition(" ")
        token = None
        if len(values) == 1 and kind.lower() == "bearer":
            token = await to_thread.run_sync(token_of_secret, self.database, secret.strip())
        if token is not None:
            return token.caller
        # Counted after the look: a stranger behind the same proxy must not lock out those who bring a valid token.
        self._granted(self._failures.take(_address(scope)), "wrong tokens")
        raise Unauthorized("the token is not valid")

    def count(self, scope: Scope, caller: Caller | None) -> dict[str, str]:
        """Count a request and return the headers that tell how many are left. Raises RateLimited.

        The user of this machine is not counted.
        """
        if caller is LOCAL:
            return {}
        known = caller is not None and caller.token_id is not None
        limit = self._by_token if known else self._by_address
        allowance = limit.take(str(caller.token_id) if caller is not None and known else _address(scope))
        # The draft "RateLimit header fields for HTTP" of the IETF: so many requests, in a window of so many seconds.
        policy = f'"requests";q={limit.burst};w={math.ceil(limit.window)}'
        left = f'"requests";r={allowance.left};t={math.ceil(allowance.reset_seconds)}'
        headers = {"RateLimit-Policy": policy, "RateLimit": left}
        self._granted(allowance, "requests", headers)
        return headers

    def _granted(self, allowance: Allowance, what: str, headers: dict[str, str] | None = None) -> None:
        if not allowance.granted:
            seconds = math.ceil(allowance.wait_seconds)
            raise RateLimited(f"too many {what}; come back in {seconds} s", seconds, headers or {})

    def _session(self, scope: Scope, headers: Headers) -> int | None:
        value = cookie_of(headers)
        if value is None or headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return None
        if scope["method"] not in SAFE_METHODS and "origin" not in headers:
            return None
        return self.sessions.token_id(value)


class Doorkeeper:
    """ASGI middleware: finds the route of a request, and lets it in for this route alone."""

    def __init__(self, app: ASGIApp, door: Door, entrances: Entrances, sign_in: SignInPage) -> None:
        self._app = app
        self._door = door
        self._entrances = entrances
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limits: dict[str, str] = {}

        async def send_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(limits)
            await send(message)

        try:
            await self._admit(scope, limits)
        except CambrianError as error:
            await self._refusal(scope, error)(scope, receive, send_limits)
        else:
            await self._app(scope, receive, send_limits)

    async def _admit(self, scope: MutableMapping[str, Any], limits: dict[str, str]) -> None:
        found = self._entrances.find(scope)
        entrance = None if found is None else found[0]
        public = self._entrances.plain(scope) if entrance is None else entrance.public
        # Where nobody is asked for a token, a wrong one does no harm either.
        caller = self._door.nobody if public else await self._door.caller(scope)
        # The files of the pages cost next to nothing, and one page asks for a dozen.
        if entrance is not None or not public:
            limits.update(self._door.count(scope, caller))
        if entrance is not None:
            # Noted before it is decided: the audit log names who was refused.
            scope[ADMISSION] = Admission(entrance.route, caller)
        if public:
            return
        # What is not there is told to those alone who might find something.
        if caller is None:
            raise Unauthorized(_NEEDED)
        if entrance is not None:
            require(caller, *entrance.scopes(scope["method"]))

    def _refusal(self, scope: Scope, error: CambrianError) -> Response:
        headers = Headers(scope=scope)
        asked = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if not (asked and isinstance(error, Unauthorized)):
            # A small body is read and thrown away; a large one is not worth waiting for.
            length = headers.get("content-length", "0")
            large = "transfer-encoding" in headers or len(length) > len(str(_SMALL_BYTES))
            return problem(scope, error, {"Connection": "close"} if large else None)
        # In the place of the page, so that its address is still there after signing in.
        page = self._sign_in(Request(scope))
        page.status_code = error.status
        page.headers.update(error.headers)
        return page


_SMALL_BYTES: Final = 99_999
_NEEDED: Final = "this service asks for a token"


def door_of(app: FastAPI) -> Door:
    """Return the door of an application."""
    door: Door = app.state.door
    return door


def cookie_of(headers: Headers) -> str | None:
    """Return the value of the session's cookie."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    return cookies[COOKIE].value if COOKIE in cookies else None


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(client[0]) if client else ""
